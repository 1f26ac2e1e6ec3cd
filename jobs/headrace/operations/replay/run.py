"""A replay from its span of time to its end."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pyiceberg.catalog import Catalog

from headrace.compose.job_statements import compose, leftover_tables
from headrace.environment import iceberg, kafka
from headrace.environment.settings import Settings
from headrace.errors import Place, PlatformError, UserError
from headrace.operations import preflight
from headrace.operations.lifecycle.expired_commits import REPLAY
from headrace.operations.lifecycle.job_cluster import JobCluster
from headrace.operations.lifecycle.metrics import records_read
from headrace.operations.replay import branches
from headrace.operations.replay.branches import Branch
from headrace.operations.replay.connectors import ReplayConnectors
from headrace.planner import planning
from headrace.planner.planning import PlannedJob
from headrace.planner.session import table_environment
from headrace.project import job_folder, source_files, table_files
from headrace.project.job import SCORE, Job
from headrace.project.paths import Project

_POLL_S = 0.5
_FAILURES = 3
Offsets = Mapping[int, int]


@dataclass(frozen=True)
class Replay:
    """A replay that is planned, and not started: the job, its span, and the offsets by source and partition."""

    project: Project
    settings: Settings
    job: Job
    branch: str
    tables: tuple[str, ...]
    starts: Mapping[str, Offsets]
    ends: Mapping[str, Offsets]
    notes: tuple[str, ...]
    planned: PlannedJob

    @property
    def records(self) -> int:
        """The most records that it reads: offsets without one count as well."""
        ends = ((source, p, end) for source, each in self.ends.items() for p, end in each.items())
        return sum(max(0, end - self.starts[source][p]) for source, p, end in ends)

    @property
    def incomplete(self) -> list[str]:
        """What is not whole at the bounds of the span, as sentences."""
        found = []
        if self.job.late_table in self.tables:
            found.append(
                "windows that begin before the first record or end after the last one hold a part of their records; "
                "the last ones are closed at the end"
            )
        if self.job.topics_written:
            found.append(f"{', '.join(self.job.topics_written)}: the topic gets nothing")
        return found


@dataclass(frozen=True)
class Replayed:
    """A replay that has finished: its Flink job, and its branches with their rows."""

    flink_job_id: str
    branches: tuple[Branch, ...]


def prepare(
    project: Project,
    settings: Settings,
    name: str,
    span: tuple[datetime, datetime | None],
    branch: str,
    *,
    slots: int | None = None,
) -> Replay:
    """Plan the job over the records of a span of their times, [since, until), into a branch of its tables.

    Without until, to the present ends of its topics. Nothing is started or written. Raises UserError if the job cannot
    be replayed, if the branch exists, or if the span has no record; PlatformError.
    """
    folder = job_folder.load(project, name)
    _require_replayable(folder.job, folder.path / "job.yaml")
    catalog, slots = iceberg.connect(settings), slots or settings.slots_of(name)
    preflight.check_registry(project, settings, folder)
    preflight.check_tables(project, settings, catalog, folder)
    preflight.check_slots(JobCluster.of(settings), slots)
    tables = dict.fromkeys([*folder.job.tables_written, *leftover_tables(project, settings, folder)])
    branches.require_free(catalog, tables, branch)
    starts, ends, notes = {}, {}, []
    for source in folder.job.sources:
        contract = source_files.load(project, source)
        if contract.several:
            what = f"a replay reads one topic per source, and '{source}' has several: it has to stop at its offsets"
            raise UserError(what, Place.of(project.sql / "_sources" / f"{source}.yaml"))
        topic = contract.topic
        starts[source], ends[source], note = _span(settings, topic, *span)
        notes += note
    if not any(end > starts[source][p] for source, each in ends.items() for p, end in each.items()):
        raise UserError("no record of the job's topics has a time in this span", "--from, --until")
    spreads = {source: preflight.spread(project, settings, source, slots) for source in folder.job.sources}
    written = table_files.pick(project, tables)
    connectors = ReplayConnectors(settings, spreads, True, ends, branch, starts, written)
    composition = compose(project, settings, folder, connectors)
    # Flink's name for it: commands that look for the job by its name do not find the replay.
    named = folder.job.model_copy(update={"name": f"{name}@{branch}"})
    planned = planning.plan_job(table_environment(project, settings, named, slots), composition, settings, None)
    return Replay(project, settings, folder.job, branch, tuple(tables), starts, ends, tuple(notes), planned)


def run(replay: Replay, progress: Callable[[int], None] = lambda _read: None) -> Replayed:
    """Run the replay to its end; `progress` gets the number of records read so far.

    Raises PlatformError if it fails. Then, and if it is interrupted, its branches are dropped again.
    """
    catalog, cluster = iceberg.connect(replay.settings), JobCluster.of(replay.settings)
    job_id = REPLAY + uuid.uuid4().hex[len(REPLAY) :]
    try:
        for table in replay.tables:
            branches.create(catalog, table, replay.branch)
        replay.planned.execute(job_id)
        _follow(cluster, replay, job_id, progress)
    except BaseException:
        _undo(catalog, cluster, replay, job_id)
        raise
    found = branches.of(catalog, replay.tables)
    return Replayed(job_id, tuple(each for each in found if each.name == replay.branch))


def _follow(cluster: JobCluster, replay: Replay, job_id: str, progress: Callable[[int], None]) -> None:
    while (state := cluster.state(job_id)) != "FINISHED":
        if state in {"FAILED", "CANCELED"} or cluster.failures(job_id) >= _FAILURES:
            failure = cluster.failure(job_id)
            cause = failure.what if failure else f"it is {state}"
            fix = failure.fix_for(replay.job.name) if failure else None
            raise PlatformError(f"the replay fails: {cause}", cluster.rest, fix)
        progress(records_read(cluster, job_id))
        time.sleep(_POLL_S)


def _undo(catalog: Catalog, cluster: JobCluster, replay: Replay, job_id: str) -> None:
    if any(each.id == job_id and not each.ended for each in cluster.jobs()):
        cluster.cancel(job_id)
    if any(each.name == replay.branch for each in branches.of(catalog, replay.tables)):
        branches.drop(catalog, replay.tables, replay.branch)


def _require_replayable(job: Job, file: Path) -> None:
    where = Place.of(file)
    if job.kind == SCORE:
        raise UserError("scores are computed again by another command", where, "headrace model rescore")
    if job.jobs or not job.sources:
        what = "only jobs that read topics are replayed, and this one reads " + ", ".join(job.reads)
        raise UserError(what, where, "replay the job that writes what it reads")
    if not job.tables_written:
        raise UserError("the job writes no table, so a replay has no branch to write", where, "headrace try shows rows")


def _span(
    settings: Settings, topic: str, since: datetime, until: datetime | None
) -> tuple[dict[int, int], dict[int, int], list[str]]:
    """Return the first offset and the end of the span in each partition, and what to note about it."""
    client = settings.kafka_client()
    spans = kafka.offset_ranges(client, topic)
    first = kafka.offsets_at(client, topic, since)
    last = kafka.offsets_at(client, topic, until) if until else {}
    starts, ends, notes = {}, {}, []
    for partition, span in spans.items():
        start, end = first.get(partition), last.get(partition)
        starts[partition] = span.end if start is None else min(start, span.end)
        ends[partition] = max(starts[partition], span.end if end is None else min(end, span.end))
        if span.first and starts[partition] == span.first:
            notes.append(f"{topic}/{partition} begins at offset {span.first:,}: what came before is gone")
    return starts, ends, notes
