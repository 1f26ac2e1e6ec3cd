"""What Flink reads from a table when a job starts again: its own commits, and files that it has yet to commit."""

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
# Job, operator, subtask, attempt, checkpoint, number: the sink writes one per checkpoint and deletes it once committed.
_MANIFEST = re.compile(
    r".*/metadata/(?P<name>(?P<job>[0-9a-f]{32})-(?P<operator>[0-9a-f]+)-\d+-\d+-(?P<checkpoint>\d+)-\d+\.avro)"
)


def line(metadata: TableMetadata, head: int | None) -> list[Snapshot]:
    """Return the snapshot and its parents, newest first, back to the first one that has expired."""
    known = {each.snapshot_id: each for each in metadata.snapshots}
    snapshots: list[Snapshot] = []
    while head in known:
        snapshots.append(known[head])
        head = known[head].parent_snapshot_id
    return snapshots


def commit(snapshot: Snapshot) -> tuple[str | None, str | None]:
    """Return the Flink job and operator whose commit the snapshot is; None and None if it is not one of Flink's."""
    summary = snapshot.summary
    return (summary[JOB_ID], summary[OPERATOR_ID]) if summary and summary[CHECKPOINT_ID] else (None, None)


def superseded(present: Collection[str], jobs: Incarnations) -> set[str]:
    """Return the incarnations that never start again: a later one of the same job is among the `present`."""
    over: set[str] = set()
    for ids in jobs.values():
        last = max((number for number, each in enumerate(ids) if each in present), default=0)
        over.update(ids[:last])
    return over


def pending(table: Table, paths: Iterable[str], jobs: Incarnations) -> Iterator[str]:
    """Yield the addresses of manifests of checkpoints that may still be committed, and of the files in them.

    `paths` are the paths of files in the table's folder: a job's state has the addresses of its manifests alone.
    """
    committed: dict[tuple[str | None, str | None], int] = {}
    for each in line(table.metadata, table.metadata.current_snapshot_id):
        summary = each.summary
        committed.setdefault(commit(each), int((summary and summary[CHECKPOINT_ID]) or 0))
    over = superseded({job for job, _ in committed if job}, jobs)
    for path in paths:
        match = _MANIFEST.fullmatch(path)
        if match is None or match["job"] in over:
            continue
        if int(match["checkpoint"]) > committed.get((match["job"], match["operator"]), 0):
            yield from _listed(table.io, f"{table.location().rstrip('/')}/metadata/{match['name']}")


def _listed(io: FileIO, address: str) -> list[str]:
    """The address of a manifest that no snapshot has, and its files; empty if its writer was killed meanwhile."""
    manifest = ManifestFile.from_args(
        manifest_path=address, manifest_length=0, partition_spec_id=0, content=ManifestContent.DATA, sequence_number=0
    )
    try:
        return [address, *(each.file_path for each in entries(io, [manifest]))]
    except (EOFError, ValueError, zlib.error):
        # Incomplete: its checkpoint was never completed.
        return []
