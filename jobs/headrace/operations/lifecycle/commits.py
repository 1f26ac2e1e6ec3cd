"""Find rows committed after a savepoint was taken: a job that is started from it would store them twice."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from pyiceberg.catalog import Catalog
from pyiceberg.table.snapshots import Operation, Snapshot

from headrace.compose.job_statements import leftover_tables
from headrace.environment import iceberg
from headrace.errors import CheckFailed
from headrace.operations.ledger import Entry
from headrace.operations.lifecycle import restore_points
from headrace.operations.lifecycle.expired_commits import CHECKPOINT_ID, JOB_ID, added_rows, of_expired
from headrace.operations.lifecycle.operation_context import OperationContext
from headrace.operations.lifecycle.restore_points import RestorePoint
from headrace.project import job_folder


def refuse_later(context: OperationContext, history: Sequence[Entry], start: RestorePoint) -> None:
    """Raise CheckFailed if rows were written, or may have been, after the state `start` was taken."""
    last = restore_points.newest(context, history)
    if last and (last.flink_job_id, last.checkpoint_id) != (start.flink_job_id, start.checkpoint_id):
        raise CheckFailed(
            f"{start.path} is not the newest state of {history[-1].job}: the rows written since would come twice",
            last.path,
            "start from the newest: headrace restart --from " + last.kind,
        )
    if later := [*written_later(context, history, start)]:
        raise CheckFailed(
            f"{', '.join(later)} were committed after {start.path} was taken, and would come twice",
            fix="headrace reconcile shows what is stored, headrace restart --from nothing shows what that would cost",
        )


def refuse_others(context: OperationContext, history: Sequence[Entry]) -> None:
    """Raise CheckFailed if another Flink job has added rows to the tables of the incarnation that runs.

    Nothing tells whether these rows are repeated by a start from the incarnation's state.
    """
    last = history[-1]
    now = RestorePoint("checkpoint", "", last.flink_job_id, sys.maxsize)
    if others := [*written_later(context, history, now)]:
        raise CheckFailed(
            f"{', '.join(others)} were committed while {last.job} ran, by a Flink job that the ledger does not know",
            context.cluster.rest,
            "headrace reconcile shows what is stored, headrace restart --from nothing shows what that would cost",
        )


def written_later(context: OperationContext, history: Sequence[Entry], start: RestorePoint) -> Iterator[str]:
    """Yield a phrase for each table to which the job, or another writer of its own tables, added rows after `start`.

    The rows of commits whose snapshots have expired are not counted, but are not passed over either.
    """
    catalog = iceberg.connect(context.settings)
    job = history[-1].job
    if job not in job_folder.names(context.project):
        return
    folder = job_folder.load(context.project, job)
    ids = restore_points.incarnations(history)
    begun = min(entry.at for entry in history if entry.at and entry.flink_job_id == start.flink_job_id)
    for name in folder.job.tables_written:
        # A row that is upserted again stays one row, so jobs may share such a table.
        yield from _rows(catalog, name, _Later(start, ids, begun if folder.job.writes[name] == "append" else None))
    for name in leftover_tables(context.project, context.settings, folder):
        # Shared by jobs: only rows that are known to be this job's count.
        yield from _rows(catalog, name, _Later(start, ids, None))


@dataclass(frozen=True)
class _Later:
    """Which commits came after `start`; those of Flink jobs that are not among `ids` did if they came after `begun`."""

    start: RestorePoint
    ids: Sequence[str]
    begun: datetime | None

    def includes(self, writer: str | None, checkpoint_id: int, timestamp_ms: int) -> bool:
        """Whether the commit of the Flink job `writer` came after the start."""
        at = self.ids.index(self.start.flink_job_id)
        if writer is None or writer in self.ids[:at]:
            return False
        if writer == self.start.flink_job_id:
            return checkpoint_id > self.start.checkpoint_id
        return writer in self.ids[at:] or (self.begun is not None and timestamp_ms / 1000 > self.begun.timestamp())


def _rows(catalog: Catalog, name: str, later: _Later) -> Iterator[str]:
    if not catalog.table_exists(name):
        return
    snapshots = iceberg.load_table(catalog, name).snapshots()
    rows = sum(added_rows(each) for each in snapshots if later.includes(*_commit(each)))
    if any(later.includes(job, *last) for each in snapshots for job, last in of_expired(each).items()):
        yield f"{rows:,} rows or more in {name}" if rows else f"rows in {name}"
    elif rows:
        yield f"{rows:,} rows in {name}"


def _commit(snapshot: Snapshot) -> tuple[str | None, int, int]:
    """Return the Flink job, the checkpoint and the time of the commit; no job if it added no rows."""
    summary = snapshot.summary
    if summary is None or summary.operation == Operation.REPLACE:
        return None, 0, snapshot.timestamp_ms
    return summary[JOB_ID], int(summary[CHECKPOINT_ID] or 0), snapshot.timestamp_ms
