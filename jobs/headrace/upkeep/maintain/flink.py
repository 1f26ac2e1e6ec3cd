"""What Flink finds in a table when a job starts again: its own commits, and files that it is yet to commit."""

from __future__ import annotations

import re
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from pyiceberg.io import FileIO
from pyiceberg.manifest import ManifestContent, ManifestFile
from pyiceberg.table import Table
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.table.snapshots import Snapshot

from headrace.operations.lifecycle.commits import CHECKPOINT_ID, JOB_ID
from headrace.upkeep.maintain.live_files import entries

OPERATOR_ID = "flink.operator-id"
Incarnations = Mapping[str, Sequence[str]]
"""The ids that Flink gave each job, oldest first."""
# Job, operator, subtask, attempt, checkpoint, number: the sink writes one a checkpoint, and deletes it once committed.
_MANIFEST = re.compile(
    r".*/metadata/(?P<name>(?P<job>[0-9a-f]{32})-(?P<operator>[0-9a-f]+)-\d+-\d+-(?P<checkpoint>\d+)-\d+\.avro)"
)


def line(metadata: TableMetadata, head: int | None) -> list[Snapshot]:
    """The snapshot and its parents, back to the first that is not there any more."""
    known = {each.snapshot_id: each for each in metadata.snapshots}
    found: list[Snapshot] = []
    while head in known:
        found.append(known[head])
        head = known[head].parent_snapshot_id
    return found


def commit(snapshot: Snapshot) -> tuple[str | None, str | None]:
    """The job and operator of Flink whose commit the snapshot is, if one's."""
    said = snapshot.summary
    return (said[JOB_ID], said[OPERATOR_ID]) if said and said[CHECKPOINT_ID] else (None, None)


def superseded(present: Collection[str], jobs: Incarnations) -> set[str]:
    """Incarnations that are never started again: a later one of the same job is among the `present`."""
    over: set[str] = set()
    for ids in jobs.values():
        last = max((number for number, each in enumerate(ids) if each in present), default=0)
        over.update(ids[:last])
    return over


def pending(table: Table, paths: Iterable[str], jobs: Incarnations) -> Iterator[str]:
    """The addresses of manifests of checkpoints that may still be committed, and of the files in them.

    `paths` are those of files in the table's folder: a job's state has the addresses of its manifests alone.
    """
    committed: dict[tuple[str | None, str | None], int] = {}
    for each in line(table.metadata, table.metadata.current_snapshot_id):
        said = each.summary
        committed.setdefault(commit(each), int((said and said[CHECKPOINT_ID]) or 0))
    over = superseded({job for job, _ in committed if job}, jobs)
    for path in paths:
        match = _MANIFEST.fullmatch(path)
        if match is None or match["job"] in over:
            continue
        if int(match["checkpoint"]) > committed.get((match["job"], match["operator"]), 0):
            yield from _listed(table.io, f"{table.location().rstrip('/')}/metadata/{match['name']}")


def _listed(io: FileIO, address: str) -> list[str]:
    """The address of a manifest that no snapshot has, and the files in it; none where its writer was killed at it."""
    told = ManifestFile.from_args(
        manifest_path=address, manifest_length=0, partition_spec_id=0, content=ManifestContent.DATA, sequence_number=0
    )
    try:
        return [address, *(each.file_path for each in entries(io, [told]))]
    except (EOFError, ValueError, zlib.error):
        # Cut off: the checkpoint that it is of was never completed.
        return []
