"""A job onto the session cluster: detached, and told of in plain words when it does not run."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

from headrace import catalog, jobfolder, planning, preflight
from headrace.cluster import Cluster
from headrace.compose import compose
from headrace.ends import Live
from headrace.errors import PlatformError
from headrace.project import Project
from headrace.session import table_environment
from headrace.settings import Settings

RUNNING_LIMIT_S = 120


@dataclass(frozen=True)
class Submitted:
    """A job that runs, or, bounded, has run."""

    name: str
    id: str
    state: str
    start: dict[str, dict[int, int]]

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
    progress: Callable[[str], None] = lambda _step: None,
) -> Submitted:
    """Start the job and return once each of its tasks runs.

    It goes on from the savepoint `restore`; without one, a complete job starts where its tables end, and any other at
    the earliest record.

    Raises UserError for what its author or operator must mend (files, SQL, no topic, no table, it runs already,
    too few slots) and PlatformError when a service fails or RUNNING does not come within RUNNING_LIMIT_S.
    """
    folder = jobfolder.load(project, name)
    tables, cluster = catalog.connect(settings), Cluster(settings.flink_rest())
    slots = parallelism or settings.flink.parallelism
    progress("checking tables, topics and slots")
    preflight.check_not_running(cluster, name)
    preflight.check_slots(cluster, slots)
    preflight.check_tables(project, settings, tables, folder)
    if restore is None:
        preflight.check_first_run(tables, folder)
    starts = {source: preflight.start(project, settings, tables, folder, source) for source in folder.job.sources}
    spreads = {source: preflight.spread(project, settings, source, slots) for source in folder.job.sources}
    composition = compose(project, settings, folder, Live(settings, starts, spreads, bounded))
    progress("planning the job in Flink")
    environment = table_environment(project, settings, folder.job, slots, restore)
    statements = planning.statement_set(environment, composition)
    progress("submitting")
    with planning.refusals_told(composition):
        job_id = str(statements.execute().get_job_client().get_job_id())
    progress(f"waiting for job {job_id} to run")
    try:
        state = _await_running(cluster, job_id, slots)
    except PlatformError:
        # What never ran has stored nothing, and would hold its slots and retry for ever.
        cluster.cancel(job_id)
        raise
    return Submitted(name, job_id, state, {source: dict(start.offsets) for source, start in starts.items()})


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
