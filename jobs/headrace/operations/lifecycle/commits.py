"""Find rows committed after a savepoint was taken: a job that is started from it would store them twice."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from datetime import datetime

from pyiceberg.catalog import Catalog
from pyiceberg.table.snapshots import Operation, Snapshot

from headrace.compose.job_statements import leftover_tables
from headrace.environment import iceberg
from headrace.errors import CheckFailed
from headrace.operations.ledger import Entry
from headrace.operations.lifecycle import restore_points
from headrace.operations.lifecycle.operation_context import OperationContext
from headrace.operations.lifecycle.restore_points import RestorePoint
from headrace.project import job_folder

JOB_ID, CHECKPOINT_ID = "flink.job-id", "flink.max-committed-checkpoint-id"


def refuse_later(context: OperationContext, history: Sequence[Entry], start: RestorePoint) -> None:
    """Raise CheckFailed if rows were written, or may have been, after the state `start` was taken."""
    last = restore_points.newest(context, history)
    if last and (last.flink_job_id, last.checkpoint_id) != (start.flink_job_id, start.checkpoint_id):
        raise CheckFailed(
            f"{start.path} is not the newest state of {history[-1].job}: the rows written since would come twice",
            last.path,
            "start from the newest: headrace restart --from " + last.kind,
        )
    later = [f"{rows:,} rows in {name}" for name, rows in written_later(context, history, start) if rows]
    if later:
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
    others = [f"{rows:,} rows in {name}" for name, rows in written_later(context, history, now) if rows]
    if others:
        raise CheckFailed(
            f"{', '.join(others)} were committed while {last.job} ran, by a Flink job that the ledger does not know",
            context.cluster.rest,
            "headrace reconcile shows what is stored, headrace restart --from nothing shows what that would cost",
        )


def written_later(
    context: OperationContext, history: Sequence[Entry], start: RestorePoint
) -> Iterator[tuple[str, int]]:
    """Yield each table and the number of rows that the job, or other writers of its own tables, added after `start`."""
    catalog = iceberg.connect(context.settings)
    job = history[-1].job
    if job not in job_folder.names(context.project):
        return
    folder = job_folder.load(context.project, job)
    ids = restore_points.incarnations(history)
    begun = min(entry.at for entry in history if entry.at and entry.flink_job_id == start.flink_job_id)
    for name in folder.job.tables_written:
        # A row that is upserted again stays one row, so jobs may share such a table.
        yield name, _rows(catalog, name, start, ids, begun if folder.job.writes[name] == "append" else None)
    for name in leftover_tables(context.project, context.settings, folder):
        # Shared by jobs: only rows that are known to be this job's count.
        yield name, _rows(catalog, name, start, ids, None)


def _rows(catalog: Catalog, name: str, start: RestorePoint, ids: Sequence[str], begun: datetime | None) -> int:
    """Return the number of rows added after `start`; those of other Flink jobs count if they came after `begun`."""
    earlier, later = ids[: ids.index(start.flink_job_id)], ids[ids.index(start.flink_job_id) + 1 :]

    def after(snapshot: Snapshot) -> bool:
        summary = snapshot.summary
        writer = summary[JOB_ID] if summary else None
        if summary is None or summary.operation == Operation.REPLACE or writer is None or writer in earlier:
            return False
        if writer == start.flink_job_id:
            return int(summary[CHECKPOINT_ID] or 0) > start.checkpoint_id
        return writer in later or (begun is not None and snapshot.timestamp_ms / 1000 > begun.timestamp())

    if not catalog.table_exists(name):
        return 0
    snapshots = iceberg.load_table(catalog, name).snapshots()
    return sum(int(s.summary["added-records"] or 0) for s in snapshots if s.summary and after(s))
