"""Judge whether a job makes progress: the facts come in; a state, the reason and the next command go out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from headrace.environment.consumer_lag import TopicProgress
from headrace.environment.flink_failures import MORE_SLOTS, Failure
from headrace.environment.flink_rest import ENDED
from headrace.errors import Problem
from headrace.operations.ledger import ALIVE, UNSETTLED, Step

PATIENCE_S = 30
"""Seconds without progress that are not remarkable, on a busy machine too."""
START_LIMIT_S = 120
"""Seconds that a job may take until all of its tasks run, and again until its first checkpoint."""
_INTERVALS = 4
"""A checkpoint is overdue after this many intervals."""
_TELLING_CHECKPOINTS = 2
"""The broker has learned of the first checkpoint once the second one is complete."""
_EMPTY_COMMITS = 3 * 10
"""Iceberg's sink commits at least every tenth checkpoint, also if no row has come."""


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What is known of a job. Every time is an age in seconds; None if it is unknown, or has not happened.

    `step` is the ledger's last one, None if the ledger does not have the job. `cluster` is Flink's state of it, None if
    it is not on the cluster; STARTING while not all tasks run. `last_known` is Flink's state of the incarnation that
    ended. `wanted`: the environment is to run the job. `is_to_start_again`: as of the ledger's entry.

    `attempt_s` counts since the job was last started or restarted, `checkpoint_s` since the last completed checkpoint,
    `commit_s` since the table that was committed least recently was. `checkpoints` is the number of completed ones,
    `rows_per_s` is what the sources read.
    """

    job: str
    step: Step | None = None
    message: str | None = None
    is_to_start_again: bool = False
    wanted: bool = True
    ledger_answers: bool = True
    cluster_answers: bool = True
    cluster: str | None = None
    last_known: str | None = None
    interval_s: float = 10
    attempt_s: float | None = None
    checkpoint_s: float | None = None
    checkpoints: int = 0
    commit_s: float | None = None
    rows_per_s: float | None = None
    failure_s: float | None = None
    failure: Failure | None = None
    broker: Problem | None = None
    topics: TopicProgress | None = None

    @property
    def failing(self) -> bool:
        """Whether the job has failed, and has completed no checkpoint since."""
        if self.failure_s is None:
            return False
        return self.checkpoint_s is None or self.failure_s < self.checkpoint_s

    @property
    def checkpoint_limit_s(self) -> float:
        """The age at which a checkpoint is overdue."""
        return max(PATIENCE_S, _INTERVALS * self.interval_s)

    @property
    def commit_limit_s(self) -> float:
        """The age at which a commit is overdue."""
        return max(START_LIMIT_S, _EMPTY_COMMITS * self.interval_s)


@dataclass(frozen=True)
class Health:
    """The state of a job; `why` it is not well, and `fix`, the next command to give. Both are None if it is well."""

    state: str
    why: str | None = None
    fix: str | None = None

    @property
    def well(self) -> bool:
        """Whether nothing is to be done."""
        return self.why is None


def judge(facts: Facts) -> Health:
    """Return the health of a job.

    RUNNING: its tasks run, and it makes progress. STALLED: they run, and it makes none. STARTING: not all of them run
    yet. RESTARTING: it has failed, and completed no checkpoint since. LOST: it should run, and the cluster does not
    know it. FAILED, CANCELED, FINISHED: so the cluster or the ledger has it. STOPPED: an operator stopped it, or
    what stopped it has not started it again. ENDED: a bounded run that the cluster has forgotten. UNKNOWN: neither the
    ledger nor the cluster has it, or one of them does not answer.
    """
    if not facts.cluster_answers:
        if facts.step and facts.step not in UNSETTLED:
            return _ended_in_the_ledger(facts)
        return Health("UNKNOWN", "the Flink cluster does not answer", f"headrace status {facts.job}, once it answers")
    if facts.cluster is None or facts.cluster in ENDED:
        return _off_the_cluster(facts)
    if facts.cluster != "RUNNING":
        return _not_yet(facts)
    return next((found for rule in _RULES if (found := rule(facts))), Health("RUNNING"))


def _off_the_cluster(facts: Facts) -> Health:
    job, ended = facts.job, facts.last_known
    again = f"headrace restart {job} --from checkpoint"
    if facts.step is None:
        if not facts.ledger_answers:
            return Health(
                "UNKNOWN", "it is not on the cluster, and the ledger cannot be read", "headrace catalog check"
            )
        return Health("UNKNOWN", "it is neither in the ledger nor on the cluster", f"headrace submit {job}")
    if facts.step == "bounded":
        if ended in {None, "FINISHED"}:
            return Health(ended or "ENDED")
        return Health(ended or "", "it ended before it had read everything", f"headrace submit {job} --bounded")
    if facts.step not in ALIVE:
        return _ended_in_the_ledger(facts)
    if facts.step == "submitting" and ended is None:
        return Health("LOST", "its submission was interrupted", f"headrace deploy --only {job} finishes it")
    if ended is None:
        return Health("LOST", "it should run, and the cluster does not know it: its JobManager has restarted", again)
    return Health(ended, f"it should run, and the cluster has it as {ended}", again)


def _ended_in_the_ledger(facts: Facts) -> Health:
    if facts.is_to_start_again:
        fix = f"headrace upgrade {facts.job}; or headrace stop {facts.job}, if it is to stay stopped"
        return Health("STOPPED", "what stopped it, such as an upgrade, was to start it again and has not", fix)
    if facts.step == "failed" and facts.wanted:
        what = (facts.message or "it did not start").partition("\n")[0]
        return Health("FAILED", what, f"headrace submit {facts.job}, once the cause is repaired")
    return Health((facts.step or "").upper())


def _not_yet(facts: Facts) -> Health:
    state = facts.cluster or ""
    if state == "CANCELLING":
        return Health(state, "the cluster is cancelling it", f"headrace status {facts.job}, once it has ended")
    if facts.failing or state in {"FAILING", "RESTARTING"}:
        return _restarting(facts)
    if facts.attempt_s is not None and facts.attempt_s > START_LIMIT_S:
        why = f"not all of its tasks run after {facts.attempt_s:.0f} s: too few slots may be free"
        return Health("STALLED", why, MORE_SLOTS)
    return Health("STARTING", "not all of its tasks run yet", f"headrace status {facts.job}, in a moment")


def _failing(facts: Facts) -> Health | None:
    return _restarting(facts) if facts.failing else None


def _restarting(facts: Facts) -> Health:
    if problem := facts.topics and facts.topics.problem:
        return _held_up(facts, "RESTARTING", problem.what, problem)
    failure = facts.failure
    if failure is None:
        return Health("RESTARTING", "it is starting again", f"headrace status {facts.job}, in a moment")
    ago = "" if facts.failure_s is None else f" {facts.failure_s:.0f} s ago"
    why = f"it failed{ago}, and has completed no checkpoint since: {failure.what}"
    by_itself = f"repair what the error names: it tries again by itself; headrace stop {facts.job} ends it"
    return Health("RESTARTING", why, failure.fix_for(facts.job) or by_itself)


def _broker_is_silent(facts: Facts) -> Health | None:
    if facts.broker is None:
        return None
    return _held_up(facts, "STALLED", f"it reads nothing new: {facts.broker.what}", facts.broker)


def _topic_is_unreadable(facts: Facts) -> Health | None:
    problem = facts.topics.problem if facts.topics else None
    return _held_up(facts, "STALLED", problem.what, problem) if problem else None


def _held_up(facts: Facts, state: str, why: str, problem: Problem) -> Health:
    """Return the health of a job that a problem of its broker or its topics holds up."""
    fix = problem.fix or "bring back the broker; the job then continues by itself"
    return Health(state, why, fix.replace("JOB", facts.job))


def _checkpoint_is_overdue(facts: Facts) -> Health | None:
    age, limit = facts.checkpoint_s, facts.checkpoint_limit_s
    if age is None:
        age, limit = facts.attempt_s, max(START_LIMIT_S, limit)
    if age is None or age <= limit:
        return None
    why = f"no checkpoint for {age:.0f} s, and one is due every {facts.interval_s:g} s: nothing that it reads is stored"
    return Health("STALLED", why, f"headrace restart {facts.job} --from checkpoint")


def _records_wait(facts: Facts) -> Health | None:
    if not (facts.topics and facts.topics.waiting and facts.rows_per_s == 0 and (facts.attempt_s or 0) > PATIENCE_S):
        return None
    # The broker knows how far the job has read since the first checkpoint that followed its start.
    if facts.checkpoints < _TELLING_CHECKPOINTS:
        return None
    why = f"records have waited in its topics for over {PATIENCE_S} s, and it reads none"
    return Health("STALLED", why, f"headrace restart {facts.job} --from checkpoint")


def _commit_is_overdue(facts: Facts) -> Health | None:
    if facts.commit_s is None or facts.commit_s <= facts.commit_limit_s:
        return None
    return Health(
        "STALLED", f"one of its tables was last committed {facts.commit_s:.0f} s ago", "headrace catalog check"
    )


_RULES: tuple[Callable[[Facts], Health | None], ...] = (
    _failing,
    _broker_is_silent,
    _topic_is_unreadable,
    _checkpoint_is_overdue,
    _records_wait,
    _commit_is_overdue,
)
