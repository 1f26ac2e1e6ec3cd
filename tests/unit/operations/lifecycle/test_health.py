"""A job is well only if it makes progress, whatever state its process is in; a job that is not has a next command."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.environment.consumer_lag import TopicProgress
from headrace.environment.flink_failures import Failure
from headrace.errors import Problem
from headrace.operations.ledger import ALIVE, Step
from headrace.operations.lifecycle.health import Facts, judge
from headrace.operations.lifecycle.job_report import current
from headrace.operations.lifecycle.metrics import Metrics

JOB = "a/b_v1"
RAN = Facts(
    job=JOB,
    step="running",
    cluster="RUNNING",
    interval_s=5,
    attempt_s=3_600,
    checkpoint_s=3,
    checkpoints=700,
    commit_s=4,
)
FAILURE = Failure(datetime(2026, 3, 1, tzinfo=UTC), "IOException: no", None)
SILENT = Problem("Kafka does not answer", "b:9092", "is it up?")

_ages = st.none() | st.floats(0, 1e7)
_states = st.sampled_from(
    ["CREATED", "INITIALIZING", "STARTING", "RUNNING", "FAILING", "RESTARTING", "CANCELLING", "RECONCILING"]
)
_problems = st.none() | st.sampled_from([SILENT, Problem("no topic", fix="headrace restart JOB --from nothing")])
FACTS: st.SearchStrategy[Facts] = st.builds(
    Facts,
    job=st.just(JOB),
    step=st.none() | st.sampled_from(get_args(Step)),
    message=st.none() | st.text(),
    wanted=st.booleans(),
    ledger_answers=st.booleans(),
    cluster_answers=st.booleans(),
    cluster=st.none() | _states,
    last_known=st.none() | st.sampled_from(["FINISHED", "CANCELED", "FAILED"]),
    interval_s=st.floats(0.1, 3_600),
    attempt_s=_ages,
    checkpoint_s=_ages,
    checkpoints=st.integers(0, 9),
    commit_s=_ages,
    rows_per_s=st.none() | st.floats(0, 1e6),
    failure_s=_ages,
    failure=st.none() | st.just(FAILURE),
    broker=_problems,
    topics=st.none() | st.builds(TopicProgress, st.none() | st.integers(0), st.just(0), st.booleans(), _problems),
)


@given(FACTS)
def test_what_is_not_well_has_a_reason_and_a_next_command_for_this_job(facts: Facts) -> None:
    health = judge(facts)
    assert health.state
    assert health.state == health.state.upper()
    assert health.well == (health.why is None) == (health.fix is None)
    assert "JOB --" not in (health.fix or "")


@given(FACTS)
def test_a_job_that_runs_makes_progress(facts: Facts) -> None:
    if judge(facts).state == "RUNNING":
        assert facts.cluster_answers
        assert facts.cluster == "RUNNING"
        assert facts.broker is None
        assert not (facts.topics and facts.topics.problem)
        assert not facts.failing
        assert facts.checkpoint_s is None or facts.checkpoint_s <= facts.checkpoint_limit_s
        assert facts.commit_s is None or facts.commit_s <= facts.commit_limit_s


@given(FACTS, st.floats(0, 1e6))
def test_time_without_progress_heals_nothing(facts: Facts, later: float) -> None:
    def aged(age: float | None) -> float | None:
        return None if age is None else age + later

    older = replace(facts, checkpoint_s=aged(facts.checkpoint_s), commit_s=aged(facts.commit_s))
    if judge(facts).state == "STALLED":
        assert not judge(older).well


@given(FACTS)
def test_a_job_that_should_run_and_is_not_there_is_not_well(facts: Facts) -> None:
    if facts.step in ALIVE and facts.cluster is None:
        assert not judge(facts).well


CASES: dict[str, tuple[Facts, str, str | None]] = {
    "it makes progress": (RAN, "RUNNING", None),
    "the worker is frozen": (replace(RAN, checkpoint_s=33, rows_per_s=218), "STALLED", "--from checkpoint"),
    "a long interval": (replace(RAN, checkpoint_s=100, interval_s=60), "RUNNING", None),
    "the broker is frozen": (replace(RAN, broker=SILENT, rows_per_s=498), "STALLED", "is it up?"),
    "a partition has no leader": (replace(RAN, topics=TopicProgress(0, 0, False, SILENT)), "STALLED", "is it up?"),
    "records wait and none is read": (
        replace(RAN, topics=TopicProgress(9, 0, True), rows_per_s=0),
        "STALLED",
        "--from checkpoint",
    ),
    "a backlog is read": (replace(RAN, topics=TopicProgress(400_000, 0, True), rows_per_s=9_000), "RUNNING", None),
    "it has just begun with a backlog": (
        replace(RAN, topics=TopicProgress(400_000, 0, True), rows_per_s=0, attempt_s=5, checkpoint_s=None),
        "RUNNING",
        None,
    ),
    "it was slow to start, and the broker has not heard of its first checkpoint": (
        replace(RAN, topics=TopicProgress(400_000, 0, True), rows_per_s=0, attempt_s=40, checkpoints=1),
        "RUNNING",
        None,
    ),
    "an open transaction": (replace(RAN, topics=TopicProgress(0, 20, False), rows_per_s=0), "RUNNING", None),
    "no commit": (replace(RAN, commit_s=1_000), "STALLED", "headrace catalog check"),
    "no first checkpoint": (replace(RAN, checkpoint_s=None, attempt_s=200), "STALLED", "--from checkpoint"),
    "it fails again and again": (replace(RAN, failure_s=2, failure=FAILURE), "RESTARTING", f"headrace stop {JOB}"),
    "it failed and recovered": (replace(RAN, failure_s=120, failure=FAILURE), "RUNNING", None),
    "between two attempts": (replace(RAN, cluster="RESTARTING", attempt_s=None), "RESTARTING", f"status {JOB}"),
    "its tasks wait for a TaskManager": (
        replace(RAN, cluster="STARTING", failure_s=20, failure=FAILURE, checkpoint_s=30),
        "RESTARTING",
        f"headrace stop {JOB}",
    ),
    "it starts": (replace(RAN, cluster="STARTING", attempt_s=3, checkpoint_s=None), "STARTING", f"status {JOB}"),
    "it starts indefinitely": (
        replace(RAN, cluster="STARTING", attempt_s=300, checkpoint_s=None),
        "STALLED",
        "TaskManagers",
    ),
    "the JobManager died": (Facts(job=JOB, step="running"), "LOST", f"restart {JOB} --from checkpoint"),
    "a deployer died": (Facts(job=JOB, step="submitting"), "LOST", f"headrace deploy --only {JOB}"),
    "the cluster has it as failed": (
        Facts(job=JOB, step="running", last_known="FAILED"),
        "FAILED",
        "--from checkpoint",
    ),
    "somebody cancelled it": (Facts(job=JOB, step="running", last_known="CANCELED"), "CANCELED", "--from checkpoint"),
    "its first start failed": (Facts(job=JOB, step="failed", message="no table\nmore"), "FAILED", f"submit {JOB}"),
    "it failed and is not wanted": (Facts(job=JOB, step="failed", wanted=False), "FAILED", None),
    "it was stopped": (Facts(job=JOB, step="stopped"), "STOPPED", None),
    "it was stopped to be started again": (
        Facts(job=JOB, step="stopped", is_to_start_again=True),
        "STOPPED",
        f"headrace upgrade {JOB}",
    ),
    "a bounded run has finished": (Facts(job=JOB, step="bounded", last_known="FINISHED"), "FINISHED", None),
    "a bounded run is forgotten": (Facts(job=JOB, step="bounded"), "ENDED", None),
    "a bounded run has failed": (Facts(job=JOB, step="bounded", last_known="FAILED"), "FAILED", "--bounded"),
    "nobody knows it": (Facts(job=JOB), "UNKNOWN", f"headrace submit {JOB}"),
    "the ledger is silent": (Facts(job=JOB, ledger_answers=False), "UNKNOWN", "headrace catalog check"),
    "the cluster is silent, and it was stopped": (
        Facts(job=JOB, step="stopped", cluster_answers=False),
        "STOPPED",
        None,
    ),
    "the cluster is silent": (Facts(job=JOB, step="running", cluster_answers=False), "UNKNOWN", "headrace status"),
}


@pytest.mark.parametrize(("facts", "state", "fix"), CASES.values(), ids=CASES)
def test_a_job_of_which(facts: Facts, state: str, fix: str | None) -> None:
    health = judge(facts)
    assert health.state == state
    assert (fix is None) == health.well
    assert (fix or "") in (health.fix or "")


def test_the_next_command_of_a_known_failure_names_the_job() -> None:
    lost = replace(FAILURE, fix="headrace restart JOB --from nothing shows what that costs")
    health = judge(replace(RAN, failure_s=2, failure=lost))
    assert health.fix == f"headrace restart {JOB} --from nothing shows what that costs"


@pytest.mark.parametrize(
    ("state", "attempt_s", "shown"),
    [("RUNNING", 60, True), ("RUNNING", 5, False), ("RUNNING", None, False), ("STARTING", 60, False)],
)
def test_numbers_of_an_attempt_that_has_ended_are_not_shown(state: str, attempt_s: float | None, shown: bool) -> None:
    numbers: dict[str, Any] = {
        "rows_per_s": 2_285.0,
        "dead_letters_per_s": 1.0,
        "backpressured": 0.5,
        "commit_age_s": 9,
    }
    collected = Metrics(restarts=3, **numbers)
    assert current(collected, state, attempt_s) == (collected if shown else Metrics(restarts=3))
