"""Jobs whose stored rows are complete only up to a time that is too long ago."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from headrace.environment import kafka
from headrace.environment.settings import Settings
from headrace.errors import Problem
from headrace.project import job_folder, source_files
from headrace.project.job import Job
from headrace.project.paths import Project
from headrace.upkeep.completeness.partitions import Reached
from headrace_udfs.contract_topics import TopicPattern


def overdue(project: Project, settings: Settings, found: Iterable[Reached], within: timedelta) -> list[Problem]:
    """Return a problem for each job with a partition complete through no time, or one longer ago than `within`.

    What a contract allows as lateness is added to `within`. Jobs that the environment does not run are not judged, and
    neither are sources without an event time, which are never complete through a time.
    """
    rows = [*found]
    names = dict.fromkeys(each.job for each in rows if settings.deploys(each.job))
    return [
        problem
        for name in names
        if (problem := _problem(project, job_folder.job_of(project, name), rows, within)) is not None
    ]


def _problem(project: Project, job: Job, rows: Iterable[Reached], within: timedelta) -> Problem | None:
    late: list[tuple[timedelta, Reached]] = []
    count = 0
    for row in rows:
        if row.job != job.name or (lateness := _lateness(project, job, row.src_topic)) is None:
            continue
        count += 1
        behind = timedelta.max if row.complete_through is None else row.looked_at - row.complete_through - lateness
        if behind > within:
            late.append((behind, row))
    if not late:
        return None
    behind, worst = max(late, key=lambda each: each[0])
    of = f"{len(late)} of its {count} partitions, " if count > 1 else ""
    through = worst.complete_through
    how = (
        f"is complete through {_clock(through)}, {_minutes(behind)} behind"
        if through
        else "is complete through no time"
    )
    why = worst.held_by or (f"{worst.lag:,} offsets are not stored" if worst.lag else None)
    what = f"{job.name} {how}: {of}{worst.src_topic}/{worst.src_partition}{f': {why}' if why else ''}"
    return Problem(what, fix=_fix(job, worst))


def _fix(job: Job, row: Reached) -> str:
    if row.hidden and row.caught_up:
        return kafka.END_OF_TRANSACTION
    if row.held_by:
        return f"headrace reconcile {job.name} shows what to do about it"
    return f"headrace status {job.name} shows whether it makes progress, headrace reconcile {job.name} what is missing"


def _lateness(project: Project, job: Job, topic: str) -> timedelta | None:
    """Return the lateness of the contract that the job reads the topic by; None if it has no event time."""
    for name in job.sources:
        contract = source_files.load(project, name)
        topics = contract.topics
        if topic in (topics.matching([topic]) if isinstance(topics, TopicPattern) else topics):
            return contract.watermark.lateness if contract.watermark else None
    return None


def _clock(time: datetime) -> str:
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _minutes(length: timedelta) -> str:
    return (
        f"{length / timedelta(hours=1):,.1f} h"
        if length >= timedelta(hours=2)
        else f"{length // timedelta(minutes=1)} min"
    )
