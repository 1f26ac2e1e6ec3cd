"""A job's first start, or one from a savepoint that its operator names."""

from __future__ import annotations

from dataclasses import replace

from headrace.errors import UserError
from headrace.operations.ledger import Entry
from headrace.operations.lifecycle import commits, incarnation, job_state, restore_points
from headrace.operations.lifecycle.operation_context import OperationContext
from headrace.operations.lifecycle.start import run
from headrace.operations.lifecycle.table_ownership import refuse_beside_running


def submit(context: OperationContext, name: str, *, parallelism: int | None = None, savepoint: str | None = None) -> Entry:
    """Start the job: from `savepoint`, or without state (a complete job right behind what its tables hold).

    Raises UserError where it runs, or for what must be mended; CheckFailed where rows were written after the savepoint
    was taken; PlatformError where it does not come up.
    """
    stands = job_state.settled(context, name)
    if stands.alive and stands.before:
        raise UserError(
            f"{name} runs already, as job {stands.before.flink_job_id}: a second one would store every record twice",
            context.cluster.rest,
            f"to have it run as its files say: headrace upgrade {name}",
        )
    refuse_beside_running(context, name)
    before = None
    if savepoint and (found := restore_points.at(context, savepoint, stands.history)):
        commits.refuse_later(context, stands.history, found)
        before = next(entry for entry in stands.history if entry.flink_job_id == found.flink_job_id)
    context.progress(f"{name}: compiling")
    to_come = incarnation.following(context, name, before, parallelism, goes_on=savepoint is not None)
    if to_come.verdict:
        job_state.require_compatible(name, to_come.verdict, accept_loss=False)
    return run(context, replace(to_come.entry, savepoint=savepoint), to_come.prepared)
