"""What the catalog, the cluster and the broker report of jobs. Each is asked at the same time, with a limit.

What a service does not answer is None here, and a problem in `unanswered`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from headrace.compose.connectors import group
from headrace.environment import addresses, consumer_lag, iceberg, kafka_metadata, source_topics
from headrace.environment.consumer_lag import TopicProgress
from headrace.environment.flink_rest import RunningJob
from headrace.environment.settings import Settings
from headrace.errors import HeadraceError, Problem
from headrace.operations import topic_identity
from headrace.operations.ledger import Entry, Ledger
from headrace.operations.lifecycle import job_report
from headrace.operations.lifecycle.health import PATIENCE_S
from headrace.operations.lifecycle.job_cluster import JobCluster
from headrace.operations.lifecycle.job_report import JobReport
from headrace.operations.lifecycle.questions import Question, answers
from headrace.planner.state.stored_plan import StoredPlan
from headrace.project import job_folder
from headrace.project.paths import Project

Through = Callable[[str], datetime | None]
"""Returns the last result of `headrace completeness` for a job; None for one that does not keep every record."""
LargeTables = Callable[[], Sequence[str]]
"""Returns a sentence about each table that is slow because its metadata is large."""
NO_RESULT: Through = lambda _job: None  # noqa: E731 - a constant of the type above


@dataclass(frozen=True)
class Known:
    """What the catalog and the cluster have.

    The last entry of each job in the ledger, the jobs on the cluster, how far jobs are complete, and large tables.
    """

    entries: Mapping[str, Entry] | None
    on_cluster: Sequence[RunningJob] | None
    through: Through
    unanswered: Sequence[Problem]
    large_tables: Sequence[str] = ()

    @property
    def running(self) -> dict[str, str]:
        """The ids of the jobs on the cluster that have not ended, by name."""
        return {job.name: job.id for job in self.on_cluster or () if not job.ended}

    @property
    def ended(self) -> dict[str, str]:
        """The states of the jobs that the cluster remembers, by id."""
        return {job.id: job.state for job in self.on_cluster or () if job.ended}

    @property
    def jobs(self) -> set[str]:
        """The names of all jobs that the ledger or the cluster has."""
        return {*(self.entries or {}), *self.running}


@dataclass(frozen=True)
class Running:
    """The reports of running jobs and their progress in their topics, by name. `broker` is why there is no progress.

    `readers` are the jobs that read topics.
    """

    reports: Mapping[str, JobReport] = field(default_factory=dict)
    topics: Mapping[str, TopicProgress] = field(default_factory=dict)
    readers: frozenset[str] = frozenset()
    broker: Problem | None = None
    unanswered: Sequence[Problem] = ()


@dataclass(frozen=True)
class _Reader:
    """A job's consumer group and the topics that it reads."""

    group: str
    topics: Sequence[str]


def known(settings: Settings, completeness: Callable[[], Through], large_tables: LargeTables) -> Known:
    """Return which jobs there are. `completeness()` and `large_tables()` ask the catalog."""
    where, rest = settings.catalog, settings.flink.rest
    catalog = f"the catalog '{where.name}'"
    asked = [
        Question(catalog, where.address, iceberg.CHECK, lambda: Ledger(settings).last()),
        Question(catalog, where.address, iceberg.CHECK, completeness),
        Question(catalog, where.address, iceberg.CHECK, large_tables),
        Question("the Flink cluster", rest, _is_up(rest, "flink.rest"), lambda: _cluster(settings).jobs()),
    ]
    (entries, through, large, jobs), unanswered = _sorted_out(answers(asked))
    return Known(entries, jobs, through or NO_RESULT, unanswered, large or ())


def running(project: Project, settings: Settings, jobs: Mapping[str, str], plans: Mapping[str, StoredPlan]) -> Running:
    """Return what the cluster and the broker report of the jobs on the cluster, given as ids by name.

    `plans` are those that the ledger has of these jobs, by name: they have the ids of the topics that the jobs read.
    """
    if not jobs:
        return Running()
    readers, unreadable = _readers(project, settings, jobs)
    rest, servers = settings.flink.rest, settings.kafka.get("bootstrap.servers", "")
    asked = [
        Question("the Flink cluster", rest, _is_up(rest, "flink.rest"), _report(settings, job_id))
        for job_id in jobs.values()
    ]
    asked.append(
        Question(
            "Kafka", servers, _is_up(servers, "kafka: bootstrap.servers"), lambda: _progress(settings, readers, plans)
        )
    )
    (*reports, topics), unanswered = _sorted_out(given := answers(asked))
    broker = given[-1].problems[0] if isinstance(given[-1], HeadraceError) else None
    by_name = {name: report for name, report in zip(jobs, reports, strict=True) if report}
    return Running(by_name, topics or {}, frozenset(readers), broker, [*unreadable, *unanswered])


def _sorted_out(given: Iterable[Any]) -> tuple[list[Any], list[Problem]]:
    """Return the answers, None instead of an error, and the errors' problems, each once."""
    given = list(given)
    problems = [p for each in given if isinstance(each, HeadraceError) for p in each.problems]
    return [None if isinstance(each, HeadraceError) else each for each in given], list(dict.fromkeys(problems))


def _readers(project: Project, settings: Settings, names: Iterable[str]) -> tuple[dict[str, _Reader], list[Problem]]:
    """Return the project's jobs that read topics, and the faults in files that leave some of them out."""
    readers: dict[str, _Reader] = {}
    problems: list[Problem] = []
    for name in {*names} & {*job_folder.names(project)}:
        try:
            job = job_folder.job_of(project, name)
            topics = source_topics.of_job(project, settings, job)
        except HeadraceError as error:
            problems += error.problems
        else:
            if topics:
                readers[name] = _Reader(group(job), topics)
    return readers, problems


def _progress(
    settings: Settings, readers: Mapping[str, _Reader], plans: Mapping[str, StoredPlan]
) -> dict[str, TopicProgress]:
    if not readers:
        return {}
    topics = {topic for name in readers if name in plans for topic in plans[name].topic_ids}
    ids = kafka_metadata.topic_ids(settings.kafka_client(), topics) if topics else {}
    groups = {reader.group: reader.topics for reader in readers.values()}
    found = consumer_lag.progress(settings.kafka_client(), groups, PATIENCE_S)
    return {name: _identified(name, found[reader.group], plans.get(name), ids) for name, reader in readers.items()}


def _identified(job: str, found: TopicProgress, plan: StoredPlan | None, ids: Mapping[str, str]) -> TopicProgress:
    """Return the progress with the problem that a topic is not the one that the job was started with, if so."""
    problems = topic_identity.problems(job, plan, ids) if plan else []
    if found.problem or not problems:
        return found
    problem = problems[0]
    return replace(found, problem=replace(problem, what=f"{problem.where or 'Kafka'}: {problem.what}"))


def _report(settings: Settings, job_id: str) -> Callable[[], JobReport]:
    return lambda: job_report.report(_cluster(settings), job_id)


def _cluster(settings: Settings) -> JobCluster:
    return JobCluster.of(settings)


def _is_up(address: str, setting: str) -> str:
    # The local platform's addresses are references to its files.
    return addresses.unreachable(
        "localhost" if address.startswith("${file:") and "/local/" in address else address, setting
    )
