"""Start a job for the first time, from a savepoint that its operator names, or bounded."""

from __future__ import annotations

from dataclasses import replace

from headrace.errors import UserError
from headrace.operations.ledger import Entry
from headrace.operations.lifecycle import commits, incarnation, job_state, restore_points
from headrace.operations.lifecycle.operation_context import OperationContext
from headrace.operations.lifecycle.start import run, run_bounded
from headrace.operations.lifecycle.table_ownership import refuse_beside_running


def submit(
    context: OperationContext,
    name: str,
    *,
    bounded: bool = False,
    parallelism: int | None = None,
    savepoint: str | None = None,
) -> Entry:
    """Start the job from `savepoint`, or without state: one that keeps every record starts where its tables end.

    A `bounded` one reads up to the current end of its topics and then ends; deploy does not start it again.

    Raises UserError if it runs already, or for what must be fixed; CheckFailed if the state cannot be kept, or if rows
    were written after the savepoint was taken; PlatformError if the job does not come up.
    """
    if bounded and savepoint:
        raise UserError("a bounded job starts where its tables end", fix="omit --from or --bounded")
    state = job_state.settled(context, name)
    if state.alive and state.before:
        raise UserError(
            f"{name} runs already, as job {state.before.flink_job_id}: a second one would store every record twice",
            context.cluster.rest,
            f"to have it run as its files say: headrace upgrade {name}",
        )
    job_state.check_slots(context, state, parallelism or context.settings.slots_of(name))
    refuse_beside_running(context, name)
    before = None
    if savepoint and (point := restore_points.at(context, savepoint, state.history)):
        commits.refuse_later(context, state.history, point)
        before = next(entry for entry in state.history if entry.flink_job_id == point.flink_job_id)
    successor = incarnation.successor(
        context, name, before, parallelism, goes_on=savepoint is not None, bounded=bounded
    )
    if successor.verdict:
        job_state.require_compatible(name, successor.verdict, accept_loss=False)
    if bounded:
        return run_bounded(context, successor.entry, successor.prepared)
    return run(context, replace(successor.entry, savepoint=savepoint), successor.prepared)
