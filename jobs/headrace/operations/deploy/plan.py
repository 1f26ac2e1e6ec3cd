"""Plan a deployment: what to do about each job, and what prevents it, before anything is done."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from headrace.environment import kafka_metadata
from headrace.environment.settings import Settings
from headrace.errors import HeadraceError, Problem, UserError, unknown
from headrace.operations import preflight, topic_identity
from headrace.operations.ledger import ALIVE, UNSETTLED, Entry
from headrace.operations.lifecycle import incarnation
from headrace.operations.lifecycle.fingerprint import fingerprint
from headrace.operations.lifecycle.finish_interrupted import finish_interrupted
from headrace.operations.lifecycle.incarnation import Successor, plan_of
from headrace.operations.lifecycle.job_state import JobState, check_continues, observed, require_compatible
from headrace.operations.lifecycle.operation_context import OperationContext
from headrace.operations.lifecycle.table_ownership import refuse_shared_tables
from headrace.planner.state.verdict import Verdict
from headrace.project import job_folder, pattern
from headrace.project.paths import Project

Kind = Literal["create", "resume", "upgrade", "leave alone", "stop"]


@dataclass(frozen=True)
class Action:
    """An action on one job, and `why` it is needed; `error` is what prevents it, if anything."""

    job: str
    kind: Kind
    why: str
    state: JobState | None = None
    successor: Successor | None = None
    error: HeadraceError | None = None

    @property
    def verdict(self) -> Verdict | None:
        """The verdict on the job's state; None if it has none, or keeps running as it is."""
        return self.successor.verdict if self.successor else None

    @property
    def problems(self) -> list[Problem]:
        """The problems that prevent the action; empty if it is possible."""
        return self.error.problems if self.error else []

    def to_json(self) -> dict[str, Any]:
        """Return the action as one JSON object."""
        return {
            "job": self.job,
            "action": self.kind,
            "why": self.why,
            "verdict": self.verdict.kind if self.verdict else None,
            "reasons": list(self.verdict.reasons) if self.verdict else [],
            "problems": [problem.to_json() for problem in self.problems],
        }


def recover(context: OperationContext, only: Collection[str] = ()) -> None:
    """Finish what killed deployers left incomplete, so that the ledger is correct; only for the jobs `only`, if given.

    Raises as `finish_interrupted` does.
    """
    for name, entry in context.ledger.last().items():
        if entry.step in UNSETTLED and (not only or name in only):
            finish_interrupted(context, context.ledger.history(name))


def plan(context: OperationContext, only: Collection[str] = ()) -> list[Action]:
    """Return the actions that make the cluster match the environment, stops first; only for the jobs in `only`, if any.

    Nothing is done. Raises UserError if the environment itself is at fault, if two jobs would append to the same table,
    if slots are missing, or if `only` has an unknown job.
    """
    names = desired_jobs(context.project, context.settings)
    refuse_shared_tables(context.project, names)
    on_cluster = {name: entry for name, entry in context.ledger.last().items() if entry.step in ALIVE}
    gone = sorted(on_cluster.keys() - {*names})
    if strangers := sorted({*only} - {*names} - on_cluster.keys()):
        fix = f"jobs that are: {', '.join(sorted({*names, *gone}))}"
        raise UserError([Problem(f"'{name}' is not among the jobs to deploy", fix=fix) for name in strangers])
    chosen = [name for name in names if not only or name in only]
    stops = [_stop(context, name) for name in gone if not only or name in only]
    known = {*job_folder.names(context.project)}
    stay = sorted({*gone} & known - {action.job for action in stops})
    refuse_shared_tables(context.project, [*stay, *chosen], "deploy without --only, which stops the one that is to go")
    actions = [*stops, *(_start(context, name) for name in chosen)]
    _check_slots(context, actions, on_cluster)
    return actions


def desired_jobs(project: Project, settings: Settings) -> list[str]:
    """Return the jobs that the environment's `deploy:` names.

    Raises UserError for a pattern there that matches none, and for a name under `slots:` that is not one.
    """
    names = job_folder.names(project)
    unmatched = [("deploy", each) for each in settings.deploy if each != "*" and not pattern.select(names, each)]
    unmatched += [("slots", each) for each in settings.slots if each not in names]
    problems = [unknown("job", each, names, f"{key}: of the environment") for key, each in unmatched]
    if problems:
        raise UserError(problems)
    return [name for name in names if settings.deploys(name)]


def validate(actions: Iterable[Action], *, accept_loss: bool = False) -> None:
    """Raise all that prevents an action as one error, of the kind with the highest exit code."""
    problems: list[Problem] = []
    kinds: list[type[HeadraceError]] = []
    for action in actions:
        try:
            if action.error:
                raise action.error
            if action.verdict:
                require_compatible(action.job, action.verdict, accept_loss=accept_loss)
        except HeadraceError as error:
            problems += error.problems
            kinds.append(type(error))
    if problems:
        raise max(kinds, key=lambda kind: kind.exit_code)(problems)


def _stop(context: OperationContext, name: str) -> Action:
    known = name in job_folder.names(context.project)
    return Action(name, "stop", "the environment's deploy: leaves it out" if known else "its folder is gone")


def _start(context: OperationContext, name: str) -> Action:
    kind: Kind = "create"
    try:
        state = observed(context, name)
        kind = "upgrade" if state.alive else "resume" if state.before else "create"
        kind, why = _kind(state, fingerprint(context.project, context.settings, name))
        if kind == "leave alone":
            return _left_alone(context, name, why, state)
        check_continues(context, state)
        successor = incarnation.successor(context, name, state.before)
        successor = incarnation.warned(context, successor, state.history, stateless=state.before is None)
        return Action(name, kind, "; ".join(filter(None, [why, successor.entry.message])), state, successor)
    except HeadraceError as error:
        return Action(name, kind, "it cannot be deployed as it is", error=error)


def _left_alone(context: OperationContext, name: str, why: str, state: JobState) -> Action:
    """Return the action on a job whose files have not changed; it is refused if a topic of the job is another one now.

    The job would restart indefinitely, or read on in the new topic at the offset that it had reached in the old one.
    """
    last = state.history[-1]
    on_cluster = context.cluster.state(last.flink_job_id)
    if on_cluster != "RUNNING":
        why = f"its files have not changed, but job {last.flink_job_id} is {on_cluster}: see headrace status"
    problems: list[Problem] = []
    if (plan := plan_of(last)) and plan.topics:
        now = kafka_metadata.topic_ids(context.settings.kafka_client(), plan.topic_ids)
        problems = topic_identity.problems(name, plan, now)
    return Action(name, "leave alone", why, state, error=UserError(problems) if problems else None)


def _kind(state: JobState, now: str) -> tuple[Kind, str]:
    if not state.history:
        return "create", "it has never run here"
    last = state.history[-1]
    if state.alive and last.step in incarnation.GOOD:
        if last.fingerprint == now:
            return "leave alone", f"it runs as its files say, as job {last.flink_job_id}"
        return "upgrade", f"its files have changed since release {last.release[:12]}"
    if state.alive:
        return "upgrade", f"a deployer was interrupted while it was {last.step}"
    how = last.message or f"it was {last.step}"
    return ("resume", how) if state.before else ("create", how)


def _check_slots(context: OperationContext, actions: list[Action], on_cluster: Mapping[str, Entry]) -> None:
    """Raise UserError if the cluster has too few slots for all actions, once those that stop jobs are done."""
    needed: dict[str, int] = {}
    for action in actions:
        running = action.state.before if action.state and action.state.alive else None
        if action.kind == "stop":
            needed[action.job] = -on_cluster[action.job].parallelism
        elif action.successor:
            needed[action.job] = action.successor.entry.parallelism - (running.parallelism if running else 0)
    each = ", ".join(f"{name} {slots:+}" for name, slots in needed.items() if slots)
    preflight.check_slots(
        context.cluster,
        sum(needed.values()),
        f"what is to run ({each}) needs",
        "add TaskManagers, or name fewer jobs or slots: --only, or deploy: and slots: in the environment's file",
    )
