"""Plan a job from its files and submit it to the session cluster, detached; errors say in plain words what is wrong.

Lifecycle operations call it, and so does the engine of a release that is rolled back to. It has no ledger.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from headrace.compose.connectors import LiveConnectors, group
from headrace.compose.job_statements import compose
from headrace.environment import iceberg, kafka, source_topics
from headrace.environment.flink_failures import MORE_SLOTS
from headrace.environment.flink_rest import Cluster
from headrace.environment.settings import Settings
from headrace.errors import Place, PlatformError, UserError
from headrace.operations import preflight
from headrace.planner import planning
from headrace.planner.planning import PlannedJob
from headrace.planner.session import table_environment
from headrace.planner.state.stored_plan import StoredPlan
from headrace.project import job_folder, source_files
from headrace.project.paths import Project
from headrace_udfs.contract import Contract

RUNNING_LIMIT_S = 120


@dataclass(frozen=True)
class Prepared:
    """A job that is checked and planned, but not started.

    `starts` are the offsets, by topic and partition, at which sources without state start; those of a job that does not
    keep every record are always known, since `restart --from nothing` leaves the state of a job that goes on. `ends`
    are those at which a bounded job stops, by source and partition. `added` are the sources that the savepoint does not
    know, of a job that continues from one.
    """

    project: Project
    name: str
    settings: Settings
    slots: int
    starts: Mapping[str, Mapping[int, int]]
    ends: Mapping[str, Mapping[int, int]]
    added: Collection[str]
    planned: PlannedJob

    @property
    def plan(self) -> StoredPlan:
        """The part of the plan that is stored, so that the next incarnation can be compared with it."""
        return self.planned.stored


@dataclass(frozen=True)
class Submitted:
    """A job that runs, or, if it is bounded, may have finished."""

    name: str
    id: str
    state: str
    start: Mapping[str, Mapping[int, int]]
    """The offsets it started at, by source and partition; none if it continued from a savepoint."""


def prepare(
    project: Project,
    settings: Settings,
    name: str,
    *,
    bounded: bool = False,
    parallelism: int | None = None,
    goes_on: bool = False,
    before: StoredPlan | None = None,
    restored: Collection[str] | None = None,
    tables_may_differ: bool = False,
    progress: Callable[[str], None] = lambda _step: None,
) -> Prepared:
    """Check the job's tables and topics, and plan it; nothing is started, and the job may be running.

    `bounded`: it stops reading at the current end of its topics. `goes_on`: it continues from a savepoint of the plan
    `before`, except for sources that this plan does not have. `restored`: the topics whose offsets the savepoint has,
    if its plan is not known. Without a savepoint, a job that keeps every record starts where its tables end, any other
    at the earliest record.
    `tables_may_differ`: tables may have changed since these files were written.

    Raises UserError for what its author or operator must fix (files, SQL, no topic, no table), PlatformError if a
    service fails.
    """
    folder = job_folder.load(project, name)
    preflight.check_registry(project, settings, folder)
    preflight.check_schemas(project, settings, folder)
    tables, slots = iceberg.connect(settings), parallelism or settings.flink.parallelism
    preflight.check_tables(project, settings, tables, folder, may_differ=tables_may_differ)
    if not goes_on:
        preflight.check_first_run(tables, folder)
    contracts = {source: source_files.load(project, source) for source in folder.job.sources}
    if bounded:
        _check_bounded(project, contracts)
    topics = {name: source_topics.names(settings.kafka_client(), each) for name, each in contracts.items()}
    added = [source for source, read in topics.items() if goes_on and before and not before.has_offsets(source, read)]
    added += [source for source, read in topics.items() if restored is not None and not {*read} & {*restored}]
    starts = {
        topic: preflight.start(settings, tables, folder, topic)
        for source, read in topics.items()
        if not goes_on or source in added or not folder.job.keeps_every_record
        for topic in read
    }
    spreads = {source: preflight.spread(project, settings, source, slots) for source in folder.job.sources}
    ends = {source: _ends(settings, topic) for source, (topic,) in topics.items()} if bounded else {}
    composition = compose(project, settings, folder, LiveConnectors(settings, spreads, bounded, ends))
    progress("planning the job in Flink")
    environment = table_environment(project, settings, folder.job, slots)
    planned = planning.plan_job(environment, composition, settings, before)
    if goes_on and before:
        preflight.check_same_topics(before, planned.stored)
        preflight.check_topics_stay(before, planned.stored)
    return Prepared(project, name, settings, slots, starts, ends, added, planned)


def launch(
    prepared: Prepared, job_id: str, restore: str | None = None, progress: Callable[[str], None] = lambda _step: None
) -> Submitted:
    """Start the prepared job, from the savepoint `restore` if given, and return once all of its tasks run.

    `job_id`, 32 hex digits, must never have been used before: Flink takes a second job with the same id for the first,
    and Iceberg's sink drops rows that it considers committed.

    Raises PlatformError if a service fails, or if the job does not run within RUNNING_LIMIT_S.
    """
    cluster = Cluster.of(prepared.settings)
    progress("submitting")
    composition = prepared.planned.composition
    # The group's offsets in a topic that the savepoint knows are how far the job has got.
    starts = _starts_of_added(prepared) if restore else prepared.starts
    for topic, offsets in starts.items():
        kafka.set_group_offsets(prepared.settings.kafka_client(), group(composition.folder.job), topic, offsets)
    prepared.planned.execute(job_id, restore)
    progress(f"waiting for job {job_id} to run")
    try:
        state = _await_running(cluster, job_id, prepared)
    except PlatformError:
        # A job that never ran has stored nothing. It would hold its slots and retry indefinitely.
        cluster.cancel(job_id)
        raise
    return Submitted(prepared.name, job_id, state, {} if restore else starts)


def _ends(settings: Settings, topic: str) -> dict[int, int]:
    return {partition: span.end for partition, span in kafka.offset_ranges(settings.kafka_client(), topic).items()}


def _starts_of_added(prepared: Prepared) -> dict[str, dict[int, int]]:
    """Return where the added sources start now: the job may have stored more of their topics until it was stopped."""
    folder, tables = prepared.planned.composition.folder, iceberg.connect(prepared.settings)
    client = prepared.settings.kafka_client()
    topics = [source_topics.names(client, source_files.load(prepared.project, name)) for name in prepared.added]
    return {topic: preflight.start(prepared.settings, tables, folder, topic) for read in topics for topic in read}


def _check_bounded(project: Project, contracts: Mapping[str, Contract]) -> None:
    """Raise UserError for a source whose end Flink cannot be told: its offsets are those of one topic."""
    for name, contract in contracts.items():
        if contract.several:
            place = Place.of(project.sql / "_sources" / f"{name}.yaml")
            what = f"a run that ends by itself reads one topic per source, and '{name}' has several"
            raise UserError(what, place, "run the job without --bounded, --until and --into")


def _await_running(cluster: Cluster, job_id: str, prepared: Prepared) -> str:
    end = time.monotonic() + RUNNING_LIMIT_S
    while (state := cluster.state(job_id)) not in {"RUNNING", "FINISHED"}:
        failure = cluster.failure(job_id)
        if state in {"FAILED", "CANCELED"} or failure:
            cause = failure.what if failure else f"it is {state}, and reports no cause"
            fix = failure.fix_for(prepared.name) if failure else None
            raise PlatformError(f"the job does not start: {cause}", cluster.rest, fix)
        if time.monotonic() > end:
            free, total = cluster.slots()
            slots = f"it needs {prepared.slots} slots, {free} of {total} are free"
            raise PlatformError(
                f"the job is {state} after {RUNNING_LIMIT_S} s; {slots}",
                cluster.rest,
                MORE_SLOTS,
            )
        time.sleep(0.2)
    return state
