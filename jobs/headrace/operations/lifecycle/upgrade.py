"""From the incarnation that runs, or has stopped, to the one that the project's files make."""

from __future__ import annotations

from dataclasses import replace

from headrace.operations.ledger import Entry
from headrace.operations.lifecycle import incarnation, job_state
from headrace.operations.lifecycle.incarnation import Next
from headrace.operations.lifecycle.job_state import JobState
from headrace.operations.lifecycle.operation_context import OperationContext
from headrace.operations.lifecycle.start import run_or_go_back
from headrace.operations.lifecycle.table_ownership import refuse_beside_running


def upgrade(context: OperationContext, name: str, *, accept_loss: bool = False, parallelism: int | None = None) -> Entry:
    """Have the job run as its files say, from the state that it has; from its start where it has none.

    Raises, before anything stops, UserError for what must be mended, CheckFailed where the state cannot go along;
    PlatformError where the new version does not come up: the old one then runs again.
    """
    stands = job_state.settled(context, name)
    refuse_beside_running(context, name)
    context.progress(f"{name}: compiling")
    to_come = incarnation.following(context, name, stands.before, parallelism)
    if to_come.verdict:
        job_state.require_compatible(name, to_come.verdict, accept_loss=accept_loss)
    job_state.check_slots(context, stands, to_come.entry.parallelism)
    return go(context, stands, to_come)


def go(context: OperationContext, stands: JobState, to_come: Next) -> Entry:
    """Stop the incarnation of before, if it runs, and start the one to come from its state. Raises as `upgrade`."""
    history, start = job_state.stop_and_restore_point(context, stands)
    entry = replace(to_come.entry, savepoint=start.path if start else None)
    return run_or_go_back(context, entry, to_come.prepared, history)
