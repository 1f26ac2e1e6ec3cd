"""The status of jobs: whether they run and make progress, from what the ledger, the cluster and the broker report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from headrace.environment.consumer_lag import TopicProgress
from headrace.environment.settings import Settings
from headrace.errors import Problem
from headrace.operations.ledger import Entry
from headrace.operations.lifecycle import observations
from headrace.operations.lifecycle.health import Facts, Health, judge
from headrace.operations.lifecycle.incarnation import plan_of
from headrace.operations.lifecycle.job_report import JobReport
from headrace.operations.lifecycle.observations import NO_RESULT, Known, LargeTables, Running, Through
from headrace.project import job_folder
from headrace.project.paths import Project


@dataclass(frozen=True)
class Status:
    """The status of a job. `entry` is None if it is not in the ledger, or the ledger cannot be read.

    `report` and `topics` are None if the job does not run, or the cluster or the broker does not answer.
    `complete_through` is the last result of `headrace completeness` for the job, if there is one.
    """

    job: str
    health: Health
    flink_job_id: str | None = None
    entry: Entry | None = None
    report: JobReport | None = None
    topics: TopicProgress | None = None
    complete_through: datetime | None = None

    @property
    def state(self) -> str:
        """RUNNING, STALLED, RESTARTING, LOST and others, as `health.judge` describes them."""
        return self.health.state

    @property
    def well(self) -> bool:
        """Whether the job runs and makes progress, or is meant not to run."""
        return self.health.well


@dataclass(frozen=True)
class Survey:
    """The status of jobs, by name, and a problem for each question that was not answered.

    `large_tables` has a sentence about each table that is slow because its metadata is large.
    """

    jobs: list[Status]
    unanswered: list[Problem] = field(default_factory=list)
    large_tables: list[str] = field(default_factory=list)

    @property
    def ill(self) -> list[Status]:
        """The jobs that should run and do not, or make no progress."""
        return [job for job in self.jobs if not job.well]


def survey(
    project: Project,
    settings: Settings,
    names: Sequence[str] = (),
    completeness: Callable[[], Through] = lambda: NO_RESULT,
    large_tables: LargeTables = lambda: (),
) -> Survey:
    """Return the status of every job of the ledger and of the cluster, or of those in `names`.

    Returns within half a minute, whatever does not answer. `completeness()` and `large_tables()` ask the catalog.
    """
    known = observations.known(settings, completeness, large_tables)
    chosen = sorted({*names} or known.jobs)
    on_cluster = {name: job_id for name, job_id in known.running.items() if name in chosen}
    plans = {name: plan for name in on_cluster if (plan := plan_of((known.entries or {}).get(name)))}
    running = observations.running(project, settings, on_cluster, plans)
    wanted = {name for name in job_folder.names(project) if settings.deploys(name)}
    jobs = [_status(name, known, running, wanted=name in wanted) for name in chosen]
    return Survey(jobs, list(dict.fromkeys([*known.unanswered, *running.unanswered])), [*known.large_tables])


def _status(name: str, known: Known, running: Running, *, wanted: bool) -> Status:
    entry = (known.entries or {}).get(name)
    return Status(
        name,
        judge(_facts(name, entry, known, running, wanted=wanted)),
        known.running.get(name) or (entry.flink_job_id if entry else None),
        entry,
        running.reports.get(name),
        running.topics.get(name),
        known.through(name),
    )


def _facts(name: str, entry: Entry | None, known: Known, running: Running, *, wanted: bool) -> Facts:
    report = running.reports.get(name)
    facts = Facts(
        job=name,
        step=entry.step if entry else None,
        message=entry.message if entry else None,
        is_to_start_again=entry.is_to_start_again if entry else False,
        wanted=wanted,
        ledger_answers=known.entries is not None,
        cluster_answers=known.on_cluster is not None and (report is not None or name not in known.running),
        last_known=known.ended.get(entry.flink_job_id) if entry else None,
    )
    if report is None:
        return facts
    return replace(
        facts,
        cluster=report.state,
        interval_s=report.interval_s,
        attempt_s=report.attempt_s,
        checkpoint_s=report.checkpoint_s,
        checkpoints=report.checkpoints,
        commit_s=report.metrics.commit_age_s,
        rows_per_s=report.metrics.rows_per_s,
        failure_s=report.failure_s,
        failure=report.failure,
        broker=running.broker if name in running.readers else None,
        topics=running.topics.get(name),
    )
