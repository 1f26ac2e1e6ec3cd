"""Replace the incarnation that runs, or has stopped, with one that is planned from the project's files."""

from __future__ import annotations

from dataclasses import replace

from headrace.operations.ledger import Entry
from headrace.operations.lifecycle import incarnation, job_state
from headrace.operations.lifecycle.incarnation import Successor
from headrace.operations.lifecycle.job_state import JobState
from headrace.operations.lifecycle.operation_context import OperationContext
from headrace.operations.lifecycle.start import run_or_go_back
from headrace.operations.lifecycle.table_ownership import refuse_beside_running


def upgrade(
    context: OperationContext, name: str, *, accept_loss: bool = False, parallelism: int | None = None
) -> Entry:
    """Run the job as its files describe it, from its current state; without state if it has none.

    Before anything stops, raises UserError for what must be fixed, and CheckFailed if the state cannot be kept. Raises
    PlatformError if the new version does not come up: the old one then runs again.
    """
    state = job_state.settled(context, name)
    refuse_beside_running(context, name)
    job_state.check_slots(context, state, parallelism or context.settings.slots_of(name))
    job_state.check_continues(context, state)
    successor = incarnation.successor(context, name, state.before, parallelism)
    if successor.verdict:
        job_state.require_compatible(name, successor.verdict, accept_loss=accept_loss)
    successor = incarnation.warned(context, successor, state.history, stateless=state.before is None)
    return switch(context, state, successor)


def switch(context: OperationContext, state: JobState, successor: Successor) -> Entry:
    """Stop the job's incarnation, if it runs, and start the successor from its state. Raises as `upgrade` does."""
    history, start = job_state.stop_and_restore_point(context, state)
    entry = replace(successor.entry, savepoint=start.path if start else None)
    return run_or_go_back(context, entry, successor.prepared, history)
