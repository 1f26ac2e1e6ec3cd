"""Start the same version again, from a savepoint or a retained checkpoint."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from headrace.errors import CheckFailed, UserError
from headrace.operations.ledger import TO_START_AGAIN, Entry
from headrace.operations.lifecycle import commits, incarnation, job_state, restore_points
from headrace.operations.lifecycle.operation_context import OperationContext
from headrace.operations.lifecycle.restore_points import RestorePoint
from headrace.operations.lifecycle.start import run_or_go_back
from headrace.operations.lifecycle.stop import cancel, stop_with_savepoint

Source = Literal["savepoint", "checkpoint"]


def restart(context: OperationContext, name: str, source: Source, path: str | None = None) -> Entry:
    """Run the job's last version again, from its newest state or from the one at `path`.

    A running job is first stopped with a savepoint, or cancelled if `source` is a checkpoint. Before that, raises
    UserError if the job never left a state, or none at `path`, or for what must be fixed; CheckFailed if no state is
    left, if rows were written after it was taken, which would come twice, or if the records that come next are gone.
    """
    state = job_state.settled(context, name)
    if state.before is None:
        raise UserError(f"the ledger knows of no run of {name} that left a savepoint or a checkpoint")
    if path and state.alive:
        raise CheckFailed(
            f"{name} runs, and what it has written since would come twice",
            path,
            f"leave the path out: headrace restart {name} --from {source} continues from where it is",
        )
    job_state.check_slots(context, state, state.before.parallelism)
    if state.alive:
        job_state.check_continues(context, state, cancels=source == "checkpoint")
    else:
        _restore_point(context, state.history, path)
        job_state.refuse_gone(context, name)
    prepared = incarnation.checked(context, state.before)
    if state.alive and source == "savepoint":
        stop_with_savepoint(context, state.before, TO_START_AGAIN)
    elif state.alive:
        context.progress_of(name)("cancelling it")
        cancel(context, state.before, f"{TO_START_AGAIN}, from a checkpoint")
    history = context.ledger.history(name)
    start = _restore_point(context, history, path)
    entry = incarnation.resubmission(context, state.before, start.path, f"restarted from a {start.kind}")
    return run_or_go_back(context, entry, prepared, history)


def _restore_point(context: OperationContext, history: Sequence[Entry], path: str | None) -> RestorePoint:
    start = _given(context, history, path) if path else restore_points.newest(context, history)
    if start is None:
        raise CheckFailed(f"no savepoint and no checkpoint of {history[-1].job} is left")
    commits.refuse_later(context, history, start)
    return start


def _given(context: OperationContext, history: Sequence[Entry], path: str) -> RestorePoint:
    point = restore_points.at(context, path, history)
    if point is None:
        what = f"no incarnation of {history[-1].job} left a savepoint or a checkpoint there"
        raise UserError(what, path, "see headrace savepoints list")
    return point
