"""The state of a job on the cluster, and the restore point that its next incarnation continues from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from headrace.errors import CheckFailed, UserError
from headrace.operations import preflight
from headrace.operations.ledger import TO_START_AGAIN, Entry
from headrace.operations.lifecycle import commits, restore_points, retention_loss
from headrace.operations.lifecycle.finish_interrupted import finish_interrupted
from headrace.operations.lifecycle.operation_context import OperationContext
from headrace.operations.lifecycle.restore_points import RestorePoint
from headrace.operations.lifecycle.stop import stop_with_savepoint
from headrace.planner.state.verdict import Verdict
from headrace.project import job_folder

SAVEPOINT_FOLDERS = (restore_points.SAVEPOINTS, "state.savepoints.dir", "savepoints.state.backend.fs.dir")
"""Flink's setting of the folder for savepoints, and its earlier names, which Flink still reads."""


@dataclass(frozen=True)
class JobState:
    """`before` is the incarnation to continue from; None if the job has no state, and does not run."""

    history: Sequence[Entry]
    before: Entry | None
    alive: bool


def settled(context: OperationContext, name: str) -> JobState:
    """Finish what was left incomplete, and return the job's state.

    Raises UserError if the job runs without being in the ledger, or bounded, or on another cluster.
    """
    finish_interrupted(context, context.ledger.history(name))
    return observed(context, name)


def observed(context: OperationContext, name: str) -> JobState:
    """Return the job's state as it is; nothing is finished. Raises as `settled` does, but ignores other clusters."""
    history = context.ledger.history(name)
    last = history[-1] if history else None
    if last and context.cluster.alive(last.flink_job_id):
        if last.flink_job_id in restore_points.bounded(history):
            raise UserError(
                f"{name} runs as job {last.flink_job_id}, which stops at the end that its topics had when it started",
                context.cluster.rest,
                f"wait until it has finished, or stop it: headrace stop {name}",
            )
        return JobState(history, last, alive=True)
    if running := context.cluster.running(name):
        raise UserError(
            f"{name} runs as job {running.id}, which is not in the ledger",
            context.cluster.rest,
            f"headrace stop {name}, then headrace submit {name} --from the savepoint that it prints",
        )
    newest = restore_points.newest(context, history)
    return JobState(history, _last_of(history, newest) if newest else None, alive=False)


def stop_and_restore_point(context: OperationContext, state: JobState) -> tuple[Sequence[Entry], RestorePoint | None]:
    """Stop the job if it runs; return its history then, and the state to continue from, None if there never was one.

    Raises CheckFailed if no state is left, or if rows were written after it was taken.
    """
    if state.before is None:
        return state.history, None
    if state.alive:
        stop_with_savepoint(context, state.before, TO_START_AGAIN)
    history = context.ledger.history(state.before.job)
    return history, _restore_point(context, history)


def _restore_point(context: OperationContext, history: Sequence[Entry]) -> RestorePoint:
    job, start = history[-1].job, restore_points.newest(context, history)
    if start is None:
        raise CheckFailed(
            f"no savepoint and no checkpoint of {job} is left",
            fix=f"headrace restart {job} --from nothing shows what a start without one costs",
        )
    commits.refuse_later(context, history, start)
    return start


def check_continues(context: OperationContext, state: JobState, *, cancels: bool = False) -> None:
    """Raise if the job could not be continued once it is stopped, or, with `cancels`, once it is cancelled.

    Raises UserError if the cluster has no folder for a savepoint; CheckFailed if the job is failing and has left no
    state, if another Flink job has written its tables, or, for a job that does not run, if rows were written after its
    newest state was taken, or if retention has deleted records that come next.
    """
    if state.before is None:
        return
    if not state.alive:
        _restore_point(context, state.history)
        refuse_gone(context, state.before.job)
        return
    entry = state.before
    takes_savepoint = not cancels and check_savepoint(context, entry)
    if not takes_savepoint and restore_points.newest(context, state.history) is None:
        raise CheckFailed(
            f"{entry.job} has no savepoint and no checkpoint that it could continue from, and would not take one now",
            context.cluster.rest,
            f"wait for its first checkpoint; headrace restart {entry.job} --from nothing shows what a start without "
            "one costs",
        )
    commits.refuse_others(context, state.history)


def refuse_gone(context: OperationContext, name: str) -> None:
    """Raise CheckFailed if records come next that are gone: a job that continues would wait for them.

    That is known of a job that keeps every record: its state goes on where its tables end.
    """
    lost = retention_loss.warning(context, job_folder.load(context.project, name))
    if lost:
        raise CheckFailed(
            f"{name} cannot continue from its state: {lost}",
            fix=f"headrace restart {name} --from nothing shows what is lost, asks, and continues with what is there",
        )


def check_savepoint(context: OperationContext, entry: Entry) -> bool:
    """Return whether the incarnation, which runs, is stopped with a savepoint: one that is failing is cancelled.

    Raises UserError if the cluster has no folder for the savepoint.
    """
    cluster = context.cluster
    if cluster.state(entry.flink_job_id) != "RUNNING":
        return False
    if not any(cluster.setting(key) for key in SAVEPOINT_FOLDERS):
        what = f"the cluster has no folder for savepoints, and {entry.job} is stopped with one"
        raise UserError(what, cluster.rest, f"set {restore_points.SAVEPOINTS} in Flink's configuration")
    return True


def require_compatible(name: str, verdict: Verdict, *, accept_loss: bool) -> None:
    """Raise CheckFailed if the state cannot be kept, or would be lost in part and `accept_loss` is not set."""
    if verdict.kind == "compatible" or (accept_loss and verdict.kind != "incompatible"):
        return
    fix = "--accept-loss continues all the same"
    if verdict.kind == "incompatible":
        fix = "give it a new version, a folder _vN of its own, or see what headrace restart --from nothing costs"
    raise CheckFailed(f"{name}: {verdict}", fix=fix)


def check_slots(context: OperationContext, state: JobState, needed: int) -> None:
    """Raise UserError if too few slots are free for the job to get `needed`; if it runs, it keeps its own."""
    own = state.before.parallelism if state.before and state.alive else 0
    if needed > own:
        preflight.check_slots(context.cluster, needed - own)


def _last_of(history: Sequence[Entry], point: RestorePoint) -> Entry:
    return next(entry for entry in reversed(history) if entry.flink_job_id == point.flink_job_id)
