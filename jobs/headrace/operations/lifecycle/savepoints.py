"""The savepoints and retained checkpoints of jobs, as the ledger and the cluster's folders have them."""

from __future__ import annotations

from dataclasses import dataclass

from headrace.errors import CheckFailed, UserError
from headrace.operations.lifecycle import restore_points
from headrace.operations.lifecycle.operation_context import OperationContext
from headrace.operations.lifecycle.restore_points import RestorePoint


@dataclass(frozen=True)
class Kept:
    """A state of a job. `newest`: the one that the job goes on from, if it were to start."""

    job: str
    state: RestorePoint
    newest: bool


def kept(context: OperationContext, job: str | None = None) -> list[Kept]:
    """All that is kept, of one job or of all, oldest first. Raises PlatformError."""
    found = []
    for name in sorted(context.ledger.last()) if job is None else [job]:
        history = context.ledger.history(name)
        newest = restore_points.newest(context, history)
        for job_id in restore_points.incarnations(history):
            states = sorted(restore_points.of(context, job_id, history), key=lambda each: each.checkpoint_id)
            found += [Kept(name, state, state == newest) for state in states]
    return found


def drop(context: OperationContext, path: str) -> Kept:
    """Have a savepoint's files deleted. Raises UserError for one not known, CheckFailed for one still wanted."""
    each = next((each for each in kept(context) if restore_points.same(each.state.path, path)), None)
    if each is None:
        raise UserError("no job of the ledger left a savepoint there", path, "see headrace savepoints list")
    if each.state.kind == "checkpoint":
        raise UserError("this is a checkpoint, which Flink keeps and drops by itself", path)
    if each.newest:
        raise CheckFailed(f"{each.job} has no newer state to start from", path, "start the job, then drop it")
    context.cluster.dispose(each.state.path)
    return each
