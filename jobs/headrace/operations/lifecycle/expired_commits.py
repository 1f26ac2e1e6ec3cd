"""What a table keeps of Flink's commits after their snapshots have expired: maintenance writes it into new snapshots.

A carried snapshot repeats Flink's own properties of a job's last commit, with the time of that commit. The snapshot
that each expiry adds has the last commit with rows of each job, so that a start from an older state is still refused.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from pyiceberg.table.snapshots import Operation, Snapshot

JOB_ID, CHECKPOINT_ID = "flink.job-id", "flink.max-committed-checkpoint-id"
REPLAY = "4e91a900"
"""How the Flink ids of replays begin: what they commit to branches is none of the job's commits."""
_COMMITTED_MS = "headrace.committed-ms"
_LAST_ROWS = "headrace.expired-rows"


class LastRows(NamedTuple):
    """A commit with rows: its checkpoint, and its time in milliseconds since 1970."""

    checkpoint_id: int
    timestamp_ms: int


def last_rows(snapshots: Iterable[Snapshot]) -> dict[str, LastRows]:
    """Return the last commit with rows of each Flink job, of these snapshots and of those that they stand for."""
    found: dict[str, LastRows] = {}
    for snapshot in snapshots:
        for job, last in (*_own(snapshot), *of_expired(snapshot).items()):
            found[job] = max(found.get(job, last), last)
    return found


def of_expired(snapshot: Snapshot) -> dict[str, LastRows]:
    """Return what the snapshot has of commits that have expired; empty unless an expiry has added it."""
    text = snapshot.summary[_LAST_ROWS] if snapshot.summary else None
    return {job: LastRows(*last) for job, last in json.loads(text).items()} if text else {}


def properties(last: Mapping[str, LastRows]) -> dict[str, str]:
    """Return the properties of a snapshot from which `of_expired` reads `last`."""
    return {_LAST_ROWS: json.dumps(last)} if last else {}


def committed_at(snapshot: Snapshot) -> dict[str, str]:
    """Return the property that keeps the time of the commit in a snapshot which repeats it."""
    return {_COMMITTED_MS: str(committed_ms(snapshot))}


def committed_ms(snapshot: Snapshot) -> int:
    """Return the time of the commit, in milliseconds since 1970, that the snapshot is or repeats."""
    kept = snapshot.summary[_COMMITTED_MS] if snapshot.summary else None
    return int(kept) if kept else snapshot.timestamp_ms


def added_rows(snapshot: Snapshot) -> int:
    """Return how many rows the commit added; 0 if it only replaced files, or is a replay's."""
    summary = snapshot.summary
    if summary is None or summary.operation == Operation.REPLACE or (summary[JOB_ID] or "").startswith(REPLAY):
        return 0
    return int(summary["added-records"] or 0)


def _own(snapshot: Snapshot) -> Iterator[tuple[str, LastRows]]:
    summary = snapshot.summary
    if summary is None or not added_rows(snapshot):
        return
    if job := summary[JOB_ID]:
        yield job, LastRows(int(summary[CHECKPOINT_ID] or 0), snapshot.timestamp_ms)
