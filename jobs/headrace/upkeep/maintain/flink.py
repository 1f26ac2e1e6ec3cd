"""Find in a table what Flink needs when a job starts again: its own commits, and files that it has yet to commit."""

from __future__ import annotations

import re
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from pyiceberg.io import FileIO
from pyiceberg.manifest import ManifestContent, ManifestFile
from pyiceberg.table import Table
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.table.snapshots import Snapshot

from headrace.operations.lifecycle.expired_commits import CHECKPOINT_ID, JOB_ID
from headrace.upkeep.maintain.live_files import entries

OPERATOR_ID = "flink.operator-id"
Incarnations = Mapping[str, Sequence[str]]
"""The Flink ids of each job's incarnations, oldest first, by the job's name."""
# Job, operator, subtask, attempt, checkpoint, number. The sink writes one per checkpoint and deletes it once committed.
_MANIFEST = re.compile(
    r".*/metadata/(?P<name>(?P<job>[0-9a-f]{32})-(?P<operator>[0-9a-f]+)-\d+-\d+-(?P<checkpoint>\d+)-\d+\.avro)"
)


def line(metadata: TableMetadata, head: int | None) -> list[Snapshot]:
    """Return the snapshot with the id `head` and its ancestors, newest first, as far as they have not expired."""
    known = {each.snapshot_id: each for each in metadata.snapshots}
    snapshots: list[Snapshot] = []
    while head in known:
        snapshots.append(known[head])
        head = known[head].parent_snapshot_id
    return snapshots


def commit(snapshot: Snapshot) -> tuple[str | None, str | None]:
    """Return the ids of the Flink job and operator that committed the snapshot; None and None if Flink did not."""
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

    `paths` are the paths of files in the table's folder. A job's state names only the manifests, so the files that it
    may still commit are read from these.
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
    """Return the address of a manifest that no snapshot has, and those of its files; empty if it is incomplete."""
    manifest = ManifestFile.from_args(
        manifest_path=address, manifest_length=0, partition_spec_id=0, content=ManifestContent.DATA, sequence_number=0
    )
    try:
        return [address, *(each.file_path for each in entries(io, [manifest]))]
    except (EOFError, ValueError, zlib.error):
        # Its writer was killed, so its checkpoint was never completed.
        return []
