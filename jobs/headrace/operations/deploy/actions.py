"""What is to be done about each job, with the verdict on its state, before anything is done."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from headrace.errors import HeadraceError, Problem, UserError
from headrace.operations import preflight
from headrace.operations.deploy.desired_jobs import desired_jobs
from headrace.operations.ledger import ALIVE, Entry
from headrace.operations.lifecycle import incarnation
from headrace.operations.lifecycle.fingerprint import fingerprint
from headrace.operations.lifecycle.incarnation import Next
from headrace.operations.lifecycle.job_state import JobState, observed
from headrace.operations.lifecycle.operation_context import OperationContext
from headrace.operations.lifecycle.table_ownership import refuse_shared_tables
from headrace.planner.state.verdict import Verdict
from headrace.project import job_folder

Kind = Literal["create", "resume", "upgrade", "leave alone", "stop"]


@dataclass(frozen=True)
class Action:
    """What is to become of a job, and `why`; `error` is what forbids it, if anything."""

    job: str
    kind: Kind
    why: str
    stands: JobState | None = None
    to_come: Next | None = None
    error: HeadraceError | None = None

    @property
    def verdict(self) -> Verdict | None:
        return self.to_come.verdict if self.to_come else None

    @property
    def problems(self) -> list[Problem]:
        return self.error.problems if self.error else []

    def to_json(self) -> dict[str, Any]:
        """As one JSON object."""
        return {
            "job": self.job,
            "action": self.kind,
            "why": self.why,
            "verdict": self.verdict.kind if self.verdict else None,
            "reasons": list(self.verdict.reasons) if self.verdict else [],
            "problems": [problem.to_json() for problem in self.problems],
        }


def plan(context: OperationContext, only: Collection[str] = ()) -> list[Action]:
    """What brings the cluster to what the environment asks for, stops first; of the jobs `only`, if any are named.

    Nothing is done. Raises UserError where the environment itself is at fault, or two jobs append to one table.
    """
    names = desired_jobs(context.project, context.settings)
    refuse_shared_tables(context.project, names)
    on_cluster = {name: entry for name, entry in context.ledger.last().items() if entry.step in ALIVE}
    gone = sorted(on_cluster.keys() - {*names})
    if unknown := sorted({*only} - {*names} - on_cluster.keys()):
        fix = f"jobs that are: {', '.join(sorted({*names, *gone}))}"
        raise UserError([Problem(f"'{name}' is not among the jobs to deploy", fix=fix) for name in unknown])
    chosen = [name for name in names if not only or name in only]
    stops = [_stop(context, name) for name in gone if not only or name in only]
    actions = [*stops, *(_towards(context, name) for name in chosen)]
    _check_slots(context, actions, on_cluster)
    return actions


def _stop(context: OperationContext, name: str) -> Action:
    there = name in job_folder.names(context.project)
    return Action(name, "stop", "the environment's deploy: leaves it out" if there else "its folder is gone")


def _towards(context: OperationContext, name: str) -> Action:
    kind: Kind = "create"
    try:
        stands = observed(context, name)
        kind = "upgrade" if stands.alive else "resume" if stands.before else "create"
        kind, why = _kind(stands, fingerprint(context.project, context.settings, name))
        if kind == "leave alone":
            return Action(name, kind, why, stands)
        context.progress(f"compiling {name}")
        return Action(name, kind, why, stands, incarnation.following(context, name, stands.before))
    except HeadraceError as error:
        return Action(name, kind, "it cannot be deployed as it is", error=error)


def _kind(stands: JobState, now: str) -> tuple[Kind, str]:
    if not stands.history:
        return "create", "it has never run here"
    last = stands.history[-1]
    if stands.alive and last.step in incarnation.GOOD:
        if last.fingerprint == now:
            return "leave alone", f"it runs as its files say, as job {last.flink_job_id}"
        return "upgrade", f"its files have changed since release {last.release[:12]}"
    if stands.alive:
        return "upgrade", f"a deployer was cut off while it was {last.step}"
    how = last.message or f"it was {last.step}"
    return ("resume", how) if stands.before else ("create", how)


def _check_slots(context: OperationContext, actions: list[Action], on_cluster: Mapping[str, Entry]) -> None:
    """Raises UserError where the cluster has too few slots for all of it, once what is to stop has stopped."""
    needed: dict[str, int] = {}
    for action in actions:
        running = action.stands.before if action.stands and action.stands.alive else None
        if action.kind == "stop":
            needed[action.job] = -on_cluster[action.job].parallelism
        elif action.to_come:
            needed[action.job] = action.to_come.entry.parallelism - (running.parallelism if running else 0)
    each = ", ".join(f"{name} {slots:+}" for name, slots in needed.items() if slots)
    preflight.check_slots(
        context.cluster,
        sum(needed.values()),
        f"what is to run ({each}) needs",
        "add TaskManagers, or name fewer jobs or slots: --only, or deploy: and slots: in the environment's file",
    )
