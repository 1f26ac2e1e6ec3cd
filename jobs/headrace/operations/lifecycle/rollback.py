"""Go back to the version before: its own code, from its release, continuing from the current state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from headrace.errors import UserError
from headrace.operations.ledger import Entry
from headrace.operations.lifecycle import incarnation, job_state, rollback_floor
from headrace.operations.lifecycle.incarnation import GOOD, plan_of
from headrace.operations.lifecycle.operation_context import OperationContext
from headrace.operations.lifecycle.start import run_or_go_back
from headrace.planner.state.verdict import Verdict, verdict
from headrace.project import job_folder


def rollback(context: OperationContext, name: str, *, accept_loss: bool = False) -> Entry:
    """Run the last version that ran before the current one.

    Before anything stops, raises UserError if there is none, if it cannot run with today's settings, tables and topics,
    or if slots are missing, and CheckFailed if the state cannot be kept. Raises PlatformError as `upgrade` does.
    """
    state = job_state.settled(context, name)
    target = _target(state.history, state.before)
    if target is None or state.before is None:
        raise UserError(f"the ledger knows of no version of {name} before this one", fix="see headrace status")
    judgement = _verdict(context, state.before, target)
    job_state.require_compatible(name, judgement, accept_loss=accept_loss)
    job_state.check_slots(context, state, target.parallelism)
    job_state.check_continues(context, state)
    prepared = incarnation.checked(context, target)
    warning = rollback_floor.without_way_back(context, state.before)
    why = "; ".join(filter(None, [f"rolled back from release {state.before.release[:12]}", warning]))
    history, start = job_state.stop_and_restore_point(context, state)
    entry = incarnation.resubmission(context, target, start.path if start else None, why)
    return run_or_go_back(context, replace(entry, verdict=str(judgement)), prepared, history)


def _verdict(context: OperationContext, current: Entry, target: Entry) -> Verdict:
    plan, target_plan = plan_of(current), plan_of(target)
    if not plan or not target_plan:
        return Verdict("unknown", ("the ledger has no plan of it",))
    keeps = job_folder.job_of(context.project, target.job).keeps_every_record
    return verdict(plan, target_plan, keeps_every_record=keeps)


def _target(history: Sequence[Entry], current: Entry | None) -> Entry | None:
    ran = (entry for entry in reversed(history) if entry.step in GOOD)
    return next((entry for entry in ran if current and entry.fingerprint != current.fingerprint), None)
