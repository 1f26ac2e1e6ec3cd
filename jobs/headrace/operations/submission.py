"""A job onto the session cluster: detached, and told of in plain words when it does not run."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass

from headrace.compose.connectors import LiveConnectors, group
from headrace.compose.job_statements import compose
from headrace.environment import iceberg, kafka
from headrace.environment.flink_rest import Cluster
from headrace.environment.settings import Settings
from headrace.errors import PlatformError
from headrace.operations import preflight
from headrace.planner import planning
from headrace.planner.planning import PlannedJob
from headrace.planner.session import table_environment
from headrace.planner.state.stored_plan import StoredPlan
from headrace.project import job_folder
from headrace.project.paths import Project

RUNNING_LIMIT_S = 120


@dataclass(frozen=True)
class Prepared:
    """A job that is checked and planned, and does not run.

    `starts` are the offsets, by source and partition, that what has no state is read from.
    """

    name: str
    settings: Settings
    slots: int
    starts: Mapping[str, Mapping[int, int]]
    planned: PlannedJob

    @property
    def plan(self) -> StoredPlan:
        """What of its plan is to be kept, for the next incarnation to be held against."""
        return self.planned.stored


@dataclass(frozen=True)
class Submitted:
    """A job that runs, or, bounded, has run."""

    name: str
    id: str
    state: str
    start: Mapping[str, Mapping[int, int]]
    """The offsets it started at, by source and partition; none where it went on from a savepoint."""

    def to_json(self) -> dict[str, object]:
        return asdict(self)


def submit(
    project: Project,
    settings: Settings,
    name: str,
    *,
    bounded: bool = False,
    parallelism: int | None = None,
    restore: str | None = None,
    before: StoredPlan | None = None,
    progress: Callable[[str], None] = lambda _step: None,
) -> Submitted:
    """Start the job and return once each of its tasks runs.

    It goes on from the savepoint `restore`, which the plan `before` has left; without one, a complete job starts where
    its tables end, and any other at the earliest record.

    Raises UserError for what its author or operator must mend (files, SQL, no topic, no table, it runs already,
    too few slots) and PlatformError when a service fails or RUNNING does not come within RUNNING_LIMIT_S.
    """
    progress("checking tables, topics and slots")
    cluster, slots = Cluster(settings.flink_rest()), parallelism or settings.flink.parallelism
    preflight.check_not_running(cluster, name)
    preflight.check_slots(cluster, slots)
    prepared = prepare(
        project, settings, name,
        bounded=bounded, parallelism=slots, goes_on=restore is not None, before=before, progress=progress,
    )  # fmt: skip
    return launch(prepared, uuid.uuid4().hex, restore, progress)


def prepare(
    project: Project,
    settings: Settings,
    name: str,
    *,
    bounded: bool = False,
    parallelism: int | None = None,
    goes_on: bool = False,
    before: StoredPlan | None = None,
    progress: Callable[[str], None] = lambda _step: None,
) -> Prepared:
    """Check the job's tables and topics, and plan it; nothing is started, and an incarnation of it may run.

    `goes_on`: it is to go on from a savepoint, which the plan `before` leaves. Raises as `submit` does.
    """
    folder = job_folder.load(project, name)
    preflight.check_registry(project, settings, folder)
    tables, slots = iceberg.connect(settings), parallelism or settings.flink.parallelism
    preflight.check_tables(project, settings, tables, folder)
    if not goes_on:
        preflight.check_first_run(tables, folder)
    starts = {
        source: preflight.start(project, settings, tables, folder, source, goes_on=goes_on)
        for source in folder.job.sources
    }
    spreads = {source: preflight.spread(project, settings, source, slots) for source in folder.job.sources}
    composition = compose(project, settings, folder, LiveConnectors(settings, spreads, bounded))
    progress("planning the job in Flink")
    environment = table_environment(project, settings, folder.job, slots)
    planned = planning.plan_job(environment, composition, settings, before)
    if goes_on and before:
        preflight.check_same_topics(before, planned.stored)
    return Prepared(name, settings, slots, starts, planned)


def launch(
    prepared: Prepared, job_id: str, restore: str | None = None, progress: Callable[[str], None] = lambda _step: None
) -> Submitted:
    """Start what was prepared, from the savepoint `restore` if any, and return once each of its tasks runs.

    `job_id`, 32 hex digits, must never have been an incarnation's before: Flink takes a second job of one id for the
    first, and Iceberg's sink drops what it thinks to have committed. Raises as `submit` does.
    """
    cluster = Cluster(prepared.settings.flink_rest())
    progress("submitting")
    composition = prepared.planned.composition
    for name, source in zip(composition.folder.job.sources, composition.sources, strict=True):
        at = prepared.starts[name]
        kafka.set_group_offsets(prepared.settings.kafka_client(), group(composition.folder.job), source.contract.topic, at)
    prepared.planned.execute(job_id, restore)
    progress(f"waiting for job {job_id} to run")
    try:
        state = _await_running(cluster, job_id, prepared.slots)
    except PlatformError:
        # What never ran has stored nothing, and would hold its slots and retry for ever.
        cluster.cancel(job_id)
        raise
    return Submitted(prepared.name, job_id, state, {} if restore else prepared.starts)


def _await_running(cluster: Cluster, job_id: str, slots: int) -> str:
    end = time.monotonic() + RUNNING_LIMIT_S
    while (state := cluster.state(job_id)) not in {"RUNNING", "FINISHED"}:
        failure = cluster.last_failure(job_id)
        if state in {"FAILED", "CANCELED"} or failure:
            raise PlatformError(
                f"the job does not start: {failure or f'it is {state}, and told no cause'}", cluster.rest
            )
        if time.monotonic() > end:
            free, total = cluster.slots()
            raise PlatformError(
                f"the job is {state} after {RUNNING_LIMIT_S} s; it needs {slots} slots, {free} of {total} are free",
                cluster.rest,
            )
        time.sleep(0.2)
    return state
