"""The savepoints and retained checkpoints of jobs, as the ledger and the cluster's folders have them."""

from __future__ import annotations

from dataclasses import dataclass

from headrace.errors import CheckFailed, UserError
from headrace.operations.lifecycle import restore_points
from headrace.operations.lifecycle.operation_context import OperationContext
from headrace.operations.lifecycle.restore_points import RestorePoint


@dataclass(frozen=True)
class Kept:
    """A state of a job. `newest`: the job would continue from this one."""

    job: str
    state: RestorePoint
    newest: bool


def kept(context: OperationContext, job: str | None = None) -> list[Kept]:
    """Return all states that are kept, of one job or of all, oldest first. Raises PlatformError."""
    states = []
    for name in sorted(context.ledger.last()) if job is None else [job]:
        history = context.ledger.history(name)
        newest = restore_points.newest(context, history)
        for job_id in restore_points.incarnations(history):
            points = sorted(restore_points.all_of(context, job_id, history), key=lambda each: each.checkpoint_id)
            states += [Kept(name, point, point == newest) for point in points]
    return states


def drop(context: OperationContext, path: str) -> Kept:
    """Delete a savepoint's files. Raises UserError for an unknown one, CheckFailed for one that is still needed."""
    each = next((each for each in kept(context) if restore_points.same_place(each.state.path, path)), None)
    if each is None:
        raise UserError("no job of the ledger left a savepoint there", path, "see headrace savepoints list")
    if each.state.kind == "checkpoint":
        raise UserError("this is a checkpoint, which Flink keeps and drops by itself", path)
    if each.newest:
        raise CheckFailed(f"{each.job} has no newer state to start from", path, "start the job, then drop it")
    context.cluster.dispose(each.state.path)
    return each
