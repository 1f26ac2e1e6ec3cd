"""A replay from its span of time to its end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pyiceberg.catalog import Catalog

from headrace.compose.job_statements import Composition, compose, leftover_tables
from headrace.environment import iceberg
from headrace.environment.settings import Settings
from headrace.errors import HeadraceError, Place, UserError
from headrace.operations import preflight
from headrace.operations.lifecycle.job_cluster import JobCluster
from headrace.operations.replay import span
from headrace.operations.replay.branches import Branch
from headrace.operations.replay.connectors import ReplayConnectors
from headrace.operations.replay.follow import follow
from headrace.operations.replay.places import Places, new_id
from headrace.operations.replay.span import Span, Times
from headrace.operations.replay.targets import Targets, targets
from headrace.planner import planning
from headrace.planner.session import table_environment
from headrace.project import job_folder, source_files, table_files
from headrace.project.job import SCORE, Job
from headrace.project.paths import Project


@dataclass(frozen=True)
class Replay:
    """A replay that is checked, and not started: the job, the span of each source, and the places of its rows."""

    project: Project
    settings: Settings
    job: Job
    slots: int
    spans: Mapping[str, Span]
    places: Places
    composition: Composition

    @property
    def records(self) -> int:
        """The most records that it reads: offsets without one count as well."""
        return sum(each.records for each in self.spans.values())

    @property
    def notes(self) -> list[str]:
        """What the span and the replay lack, as sentences."""
        found = [note for each in self.spans.values() for note in each.notes]
        if self.job.late_table in self.places.branched:
            found.append(
                "windows that begin before the first record or end after the last one hold a part of their records; "
                "the last ones are closed at the end"
            )
        if self.job.topics_written:
            found.append(f"{', '.join(self.job.topics_written)}: the topic gets nothing")
        return found


@dataclass(frozen=True)
class Replayed:
    """A replay that has finished: its Flink job, and what it has written, with the rows: main of another table."""

    flink_job_id: str
    branches: tuple[Branch, ...]


def prepare(
    project: Project, settings: Settings, name: str, times: Times, *into: str, slots: int | None = None
) -> Replay:
    """Check a replay of the job over the records of a span of their times, [since, until).

    Without until, to the present ends of its topics. into: a branch of the job's tables; or the name of another table;
    or, of a job with several, <own>=<other> for each. Nothing is started or written. Raises UserError if the job cannot
    be replayed, if the branch exists, if a table is not like the job's own or has rows, or if the span has no record;
    PlatformError.
    """
    folder = job_folder.load(project, name)
    _require_replayable(folder.job, folder.path / "job.yaml")
    goal = targets(name, folder.job.tables_written, into)
    catalog, slots = iceberg.connect(settings), slots or settings.slots_of(name)
    preflight.check_registry(project, settings, folder)
    preflight.check_tables(project, settings, catalog, folder)
    _refuse_twice(cluster := JobCluster.of(settings), _flink_name(folder.job, goal))
    preflight.check_slots(cluster, slots)
    tables = dict.fromkeys([*folder.job.tables_written, *leftover_tables(project, settings, folder)])
    places = Places.of(goal, tables)
    places.require_free(project, catalog)
    spans = _spans(project, settings, folder.job, times)
    starts, ends = ({name: getattr(each, edge) for name, each in spans.items()} for edge in ("starts", "ends"))
    spreads = {source: preflight.spread(project, settings, source, slots) for source in folder.job.sources}
    written = table_files.pick(project, tables)
    connectors = ReplayConnectors(settings, spreads, True, ends, goal, starts, written)
    composition = compose(project, settings, folder, connectors)
    return Replay(project, settings, folder.job, slots, spans, places, composition)


def run(
    replay: Replay,
    progress: Callable[[int], None] = lambda _read: None,
    step: Callable[[str], None] = lambda _what: None,
) -> Replayed:
    """Run the replay to its end; `step` gets what is done, `progress` the number of records read so far.

    Raises UserError for the job's SQL, and PlatformError if it fails. Then, and if it is interrupted, what it has
    written is dropped again.
    """
    catalog, cluster = iceberg.connect(replay.settings), JobCluster.of(replay.settings)
    job_id, places = new_id(), replay.places
    with _undone_if_it_fails(catalog, cluster, places, job_id):
        places.take_tables(catalog, job_id)  # Flink has to find them when it plans
        step("planning the job in Flink")
        named = replay.job.model_copy(update={"name": _flink_name(replay.job, places.targets)})
        environment = table_environment(replay.project, replay.settings, named, replay.slots)
        planned = planning.plan_job(environment, replay.composition, replay.settings, None)
        places.make_branches(catalog, job_id)
        step("starting the job")
        _refuse_twice(cluster, named.name)
        planned.execute(job_id)
        follow(cluster, job_id, replay.job.name, progress)
    return Replayed(job_id, places.written(replay.settings, catalog))


@contextmanager
def _undone_if_it_fails(catalog: Catalog, cluster: JobCluster, places: Places, job_id: str) -> Iterator[None]:
    try:
        yield
    except BaseException as error:
        try:
            if cluster.alive(job_id):
                cluster.cancel(job_id)
            places.give_back(catalog, job_id)
        except HeadraceError as another:
            if not isinstance(error, HeadraceError):
                raise
            # Why the replay has failed comes first.
            raise type(error)([*error.problems, *another.problems]) from None
        raise


def _flink_name(job: Job, goal: Targets) -> str:
    """Return Flink's name of the replay: commands that look for the job by its name do not find it."""
    return f"{job.name}@{goal.branch}"


def _refuse_twice(cluster: JobCluster, name: str) -> None:
    """Raise UserError if such a replay runs: a table without a snapshot has no branch that would tell."""
    if running := cluster.running(name):
        what = f"this replay runs already, as job {running.id}: its rows and those of a second one would mix"
        raise UserError(what, cluster.rest, "wait for its end, or choose another name")


def _require_replayable(job: Job, file: Path) -> None:
    where = Place.of(file)
    if job.kind == SCORE:
        fix = "headrace model backtest keeps them apart, headrace model rescore replaces them"
        raise UserError("scores are computed again by other commands", where, fix)
    if job.jobs or not job.sources:
        what = "only jobs that read topics are replayed, and this one reads " + ", ".join(job.reads)
        raise UserError(what, where, "replay the job that writes what it reads")
    if not job.tables_written:
        what = "the job writes no table, so a replay has none to write instead"
        raise UserError(what, where, "headrace try shows rows")


def _spans(project: Project, settings: Settings, job: Job, times: Times) -> dict[str, Span]:
    """Return the span of each source. Raises UserError if a source has several topics, or none of them has a record."""
    client, found, topics = settings.kafka_client(), {}, {}
    for source in job.sources:
        contract = source_files.load(project, source)
        if contract.several:
            what = f"a replay reads one topic per source, and '{source}' has several: it has to stop at its offsets"
            raise UserError(what, Place.of(project.sql / "_sources" / f"{source}.yaml"))
        topics[source] = contract.topic
        found[source] = span.of_topic(client, contract.topic, times)
    if not any(each.records for each in found.values()):
        held = "; ".join(span.held(client, topic) for topic in dict.fromkeys(topics.values()))
        raise UserError(f"no record has a time in this span: {held}", "--from, --until", "choose a span with records")
    return found
