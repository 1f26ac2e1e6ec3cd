"""Where a job stands, and the state that its next incarnation goes on from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from headrace.errors import CheckFailed, UserError
from headrace.operations import preflight
from headrace.operations.ledger import Entry
from headrace.operations.lifecycle import commits, restore_points
from headrace.operations.lifecycle.finish_interrupted import finish_interrupted
from headrace.operations.lifecycle.operation_context import OperationContext
from headrace.operations.lifecycle.restore_points import RestorePoint
from headrace.operations.lifecycle.stop import halt
from headrace.planner.state.verdict import Verdict


@dataclass(frozen=True)
class JobState:
    """`before` is the incarnation whose state there is, None where the job has never completed a checkpoint."""

    history: Sequence[Entry]
    before: Entry | None
    alive: bool


def settled(context: OperationContext, name: str) -> JobState:
    """Where the job stands, once what was left half-done is finished.

    Raises UserError where it runs without the ledger knowing of it, or on another cluster.
    """
    finish_interrupted(context, context.ledger.history(name))
    return observed(context, name)


def observed(context: OperationContext, name: str) -> JobState:
    """Where the job stands as it is seen, with nothing done about it. Raises as `standing`."""
    history = context.ledger.history(name)
    stood = history[-1] if history else None
    if stood and context.cluster.alive(stood.flink_job_id):
        return JobState(history, stood, alive=True)
    if running := context.cluster.running(name):
        raise UserError(
            f"{name} runs as job {running.id}, of which the ledger does not know",
            context.cluster.rest,
            f"headrace stop {name}, then headrace submit {name} --from the savepoint that it tells",
        )
    newest = restore_points.newest(context, history)
    return JobState(history, _last_of(history, newest) if newest else None, alive=False)


def stop_and_restore_point(context: OperationContext, stands: JobState) -> tuple[Sequence[Entry], RestorePoint | None]:
    """Stop the job where it runs; its history then, and the state to go on from, None where there never was any.

    Raises CheckFailed where rows were written after that state was taken.
    """
    if stands.before is None:
        return stands.history, None
    if stands.alive:
        halt(context, stands.before)
    history = context.ledger.history(stands.before.job)
    start = restore_points.newest(context, history)
    if start is None:
        raise CheckFailed(
            f"no savepoint and no checkpoint of {stands.before.job} is left",
            fix=f"headrace restart {stands.before.job} --from nothing says what a start without one costs",
        )
    commits.refuse_later(context, history, start)
    return history, start


def require_compatible(name: str, verdict: Verdict, *, accept_loss: bool) -> None:
    """Raises CheckFailed where the state cannot go along, or loses something that was not agreed to."""
    if verdict.kind == "compatible" or (accept_loss and verdict.kind != "incompatible"):
        return
    fix = "--accept-loss goes on all the same"
    if verdict.kind == "incompatible":
        fix = "give it a new version, a folder _vN of its own, or see what headrace restart --from nothing costs"
    raise CheckFailed(f"{name}: {verdict}", fix=fix)


def check_slots(context: OperationContext, stands: JobState, needed: int) -> None:
    """Raises UserError where the job would not get `needed` slots, its own counted where it runs."""
    own = stands.before.parallelism if stands.before and stands.alive else 0
    if needed > own:
        preflight.check_slots(context.cluster, needed - own)


def _last_of(history: Sequence[Entry], state: RestorePoint) -> Entry:
    return next(entry for entry in reversed(history) if entry.flink_job_id == state.flink_job_id)
