"""What one service does not answer is reported, and what the others answer is shown."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from headrace.environment import consumer_lag, iceberg, kafka_metadata
from headrace.environment.catalog_types import PostgresCatalog
from headrace.environment.consumer_lag import TopicProgress
from headrace.environment.flink_failures import Failure
from headrace.environment.flink_rest import RunningJob
from headrace.environment.settings import Settings
from headrace.errors import PlatformError
from headrace.operations import ledger
from headrace.operations.ledger import Entry
from headrace.operations.lifecycle import job_report, observations, questions, status
from headrace.operations.lifecycle.job_report import JobReport
from headrace.operations.lifecycle.observations import NO_RESULT, Through
from headrace.planner.state.stored_plan import StoredPlan
from headrace.project.paths import Project
from support import ROOT
from support.worlds import paper_environment

TOPIC = "plant.readings"
JOB, OTHER = "historian/readings_v1", "condition/spikes_v1"
ID = "a" * 32
REPORT = JobReport("RUNNING", 5, attempt_s=100, checkpoint_s=2)


class Cluster:
    """A cluster that runs one job."""

    rest = "http://flink"
    running: tuple[RunningJob, ...] = (RunningJob(ID, JOB, "RUNNING"),)

    @classmethod
    def of(cls, _settings: Settings) -> Cluster:
        return cls()

    def jobs(self) -> list[RunningJob]:
        return [*self.running]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(ROOT, tmp_path)


@pytest.fixture
def known(project: Project, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The settings of an environment whose broker and cluster answer, and whose ledger has two jobs that run."""
    found = paper_environment.environment(project)
    ids = ((JOB, ID), (OTHER, "b" * 32))
    entries = [Entry("d", name, 1, "running", job_id, "r", "f", 1, "http://flink", "me") for name, job_id in ids]
    paper_environment.write(found, *entries)
    monkeypatch.setattr(observations, "JobCluster", Cluster)
    monkeypatch.setattr(job_report, "report", lambda *_: REPORT)
    monkeypatch.setattr(consumer_lag, "progress", lambda _client, groups, _age: dict.fromkeys(groups, TopicProgress(7)))
    return found


def states(survey: status.Survey) -> dict[str, str]:
    return {job.job: job.state for job in survey.jobs}


def test_a_job_that_the_cluster_does_not_know_is_lost(project: Project, known: Settings) -> None:
    survey = status.survey(project, known)
    assert states(survey) == {JOB: "RUNNING", OTHER: "LOST"}
    assert survey.unanswered == []
    assert [job.job for job in survey.ill] == [OTHER]
    assert [job.topics for job in survey.jobs] == [None, TopicProgress(7)]


@pytest.mark.parametrize(
    ("report", "state"),
    [
        (REPORT, "STALLED"),
        (replace(REPORT, failure_s=1, failure=Failure(datetime.now(UTC), "it has no offset 7")), "RESTARTING"),
    ],
)
@pytest.mark.parametrize(
    ("ids", "why"),
    [
        ({TOPIC: "another"}, f"topic {TOPIC}: the topic was deleted and created again since {JOB} read it"),
        ({}, f"Kafka: the broker has no topic '{TOPIC}'"),
    ],
)
def test_a_job_whose_topic_is_another_one_now_is_not_well(
    project: Project,
    known: Settings,
    monkeypatch: pytest.MonkeyPatch,
    *,
    report: JobReport,
    state: str,
    ids: dict[str, str],
    why: str,
) -> None:
    plan = StoredPlan(None, (), {"plant_readings": f"{TOPIC} first"}, "store", 0)
    with ledger.held(known) as (book, owner):
        book.write(Entry("d", JOB, 1, "running", ID, "r", "f", 1, "http://flink", "me", plan=plan.to_text()), owner)
    monkeypatch.setattr(job_report, "report", lambda *_: report)
    monkeypatch.setattr(kafka_metadata, "topic_ids", lambda _client, _topics: {TOPIC: "first"})
    (same,) = status.survey(project, known, [JOB]).jobs
    monkeypatch.setattr(kafka_metadata, "topic_ids", lambda _client, _topics: ids)
    (job,) = status.survey(project, known, [JOB]).jobs
    assert same.health.why is None or "no offset 7" in same.health.why
    assert job.state == state
    assert job.health.why
    assert job.health.why.startswith(why)
    assert job.health.fix


def test_a_job_that_the_cluster_has_as_failed_is_not_lost(
    project: Project, known: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Cluster, "running", (RunningJob(ID, JOB, "FAILED"),))
    assert states(status.survey(project, known, [JOB])) == {JOB: "FAILED"}


def no_result(known: Settings) -> Through:
    """Look for results of completeness in the catalog, and find none."""
    iceberg.connect(known)
    return NO_RESULT


@contextmanager
def locked(known: Settings, _patch: pytest.MonkeyPatch) -> Iterator[Settings]:
    with sqlite3.connect(known.catalog.address, isolation_level=None) as holder:
        holder.execute("begin exclusive")
        try:
            yield known
        finally:
            holder.execute("rollback")


@contextmanager
def database_is_away(known: Settings, _patch: pytest.MonkeyPatch) -> Iterator[Settings]:
    postgres = PostgresCatalog(
        type="postgres", name="headrace", host="127.0.0.1", port=1, database="lake", user="u", password="p",  # noqa: S106
        warehouse="s3://b/w",
    )  # fmt: skip
    yield known.model_copy(update={"catalog": postgres})


@contextmanager
def catalog_is_mistyped(known: Settings, _patch: pytest.MonkeyPatch) -> Iterator[Settings]:
    yield known.model_copy(update={"catalog": known.catalog.model_copy(update={"path": "/nowhere/c.db"})})


@pytest.mark.parametrize(
    ("fault", "what"),
    [
        (locked, "the catalog 'headrace' does not answer within 2 s"),
        (database_is_away, "catalog 'headrace' cannot be opened: connection to server"),
        (catalog_is_mistyped, "there is no catalog: the file does not exist"),
    ],
)
def test_jobs_are_shown_although_the_catalog_does_not_answer(
    project: Project,
    known: Settings,
    monkeypatch: pytest.MonkeyPatch,
    fault: Callable[..., Any],
    what: str,
) -> None:
    limit_s = 2 if fault is locked else 20
    monkeypatch.setattr(observations, "answers", partial(questions.answers, limit_s=limit_s))
    with fault(known, monkeypatch) as faulty:
        began = time.monotonic()
        survey = status.survey(project, faulty, (), partial(no_result, faulty))
        assert time.monotonic() - began < 20
    assert states(survey) == {JOB: "RUNNING"}
    (problem,) = survey.unanswered
    assert problem.what.startswith(what)
    assert problem.where == faulty.catalog.address
    assert problem.fix


def test_jobs_of_the_ledger_are_shown_although_the_cluster_does_not_answer(
    project: Project, known: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent(_self: Cluster) -> list[RunningJob]:
        raise PlatformError("the Flink cluster does not answer", "http://flink", "start it")

    monkeypatch.setattr(Cluster, "jobs", silent)
    survey = status.survey(project, known)
    assert states(survey) == {JOB: "UNKNOWN", OTHER: "UNKNOWN"}
    assert [problem.what for problem in survey.unanswered] == ["the Flink cluster does not answer"]


def test_a_job_whose_broker_does_not_answer_is_stalled(
    project: Project, known: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    hang = threading.Event()
    monkeypatch.setattr(consumer_lag, "progress", lambda *_: hang.wait(60))
    monkeypatch.setattr(observations, "answers", partial(questions.answers, limit_s=5))
    survey = status.survey(project, known, [JOB])
    hang.set()
    (job,) = survey.jobs
    assert (job.state, job.topics) == ("STALLED", None)
    assert job.health.why == "it reads nothing new: Kafka does not answer within 5 s"
    assert survey.unanswered


def test_a_job_that_ends_while_it_is_asked_about_is_unknown_and_the_others_are_shown(
    project: Project, known: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def report(_cluster: Cluster, job_id: str) -> JobReport:
        if job_id == ID:
            raise PlatformError("Flink refused GET /jobs/a: not found")
        return replace(REPORT, checkpoint_s=600)

    monkeypatch.setattr(Cluster, "running", (*Cluster.running, RunningJob("b" * 32, OTHER, "RUNNING")))
    monkeypatch.setattr(job_report, "report", report)
    assert states(status.survey(project, known)) == {JOB: "UNKNOWN", OTHER: "STALLED"}
