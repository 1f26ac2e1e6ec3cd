"""Back to the version before, at the operator's word: its own code, out of its release, from the state there is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from headrace.errors import UserError
from headrace.operations.ledger import Entry
from headrace.operations.lifecycle import incarnation, job_state
from headrace.operations.lifecycle.incarnation import GOOD, plan_of
from headrace.operations.lifecycle.operation_context import OperationContext
from headrace.operations.lifecycle.start import run_or_go_back
from headrace.planner.state.verdict import Verdict, verdict


def rollback(context: OperationContext, name: str, *, accept_loss: bool = False) -> Entry:
    """Run the last version that ran and is not the one of now.

    Raises UserError where there is none, CheckFailed where the state cannot go along, PlatformError as `upgrade` does.
    """
    stands = job_state.settled(context, name)
    target = _target(stands.history, stands.before)
    if target is None or stands.before is None:
        raise UserError(f"the ledger knows of no version of {name} before this one", fix="see headrace status")
    told = _verdict(stands.before, target)
    job_state.require_compatible(name, told, accept_loss=accept_loss)
    history, start = job_state.stop_and_restore_point(context, stands)
    why = f"rolled back from release {stands.before.release[:12]}"
    entry = incarnation.again(context, target, start.path if start else None, why)
    return run_or_go_back(context, replace(entry, verdict=str(told)), None, history)


def _verdict(now: Entry, target: Entry) -> Verdict:
    was, then = plan_of(now), plan_of(target)
    return verdict(was, then) if was and then else Verdict("unknown", ("the ledger has no plan of it",))


def _target(history: Sequence[Entry], now: Entry | None) -> Entry | None:
    ran = (entry for entry in reversed(history) if entry.step in GOOD)
    return next((entry for entry in ran if now and entry.fingerprint != now.fingerprint), None)
