"""Run a job on live topics and report the rows that it would write, and its cost."""

from __future__ import annotations

import base64
import json
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from headrace.authoring.try_job.connectors import TrialConnectors
from headrace.compose import job_statements
from headrace.compose.encoded_values import VALUE, EncodedValue
from headrace.environment import iceberg
from headrace.environment.flink_rest import ENDED, Cluster
from headrace.environment.settings import Settings
from headrace.errors import PlatformError, Problem, UserError
from headrace.operations import preflight
from headrace.planner import planning
from headrace.planner.in_process.file_connectors import folder_of_topic
from headrace.planner.in_process.minicluster import MiniCluster
from headrace.planner.in_process.results import leftovers, sink_columns
from headrace.planner.in_process.values import shown
from headrace.project import job_folder, table_files, topic_files
from headrace.project.job import TOPIC
from headrace.project.job_folder import JobFolder
from headrace.project.paths import Project
from headrace.project.system_tables import DEAD_LETTERS

_POLL_S = 0.3
_START_LIMIT_S = 120
_CHECKPOINT = "1000 ms"


@dataclass
class TrialStats:
    """Statistics of a trial so far.

    `rows` counts changes by sink, `dead` counts dead letters by code. `records` is the number of records read from the
    topics in `seconds`; `per_s` is the rate since the first poll that saw records, None until a later poll sees more.
    `state_bytes` is the size of the state at the last checkpoint, `late` the number of late readings.
    """

    records: int = 0
    seconds: float = 0.0
    per_s: float | None = None
    state_bytes: int = 0
    rows: Counter[str] = field(default_factory=Counter)
    dead: Counter[str] = field(default_factory=Counter)
    late: int = 0

    @property
    def most_rows(self) -> int:
        """The largest number of rows of one sink."""
        return max(self.rows.values(), default=0)


@dataclass(frozen=True)
class Change:
    """A row sent to a sink; `op` is + for an added row, - for a retracted one."""

    sink: str
    op: str
    row: dict[str, Any]


def run(
    project: Project,
    settings: Settings,
    name: str,
    *,
    since: datetime | None,
    rows: int,
    limit_s: float,
    stats: TrialStats,
) -> Iterator[Change]:
    """Yield each row that the job would write, up to `rows` per sink, and keep `stats` up to date.

    With `since`, the topics are read from that time to their current ends; with None, new records are read. Either way
    the job is stopped once a sink has `rows` rows, or after `limit_s` seconds. Raises UserError and PlatformError as
    `submit` does.
    """
    folder = job_folder.load(project, name)
    preflight.check_registry(project, settings, folder)
    _check(settings, folder)
    with MiniCluster(project) as cluster:
        names = dict.fromkeys([*folder.job.tables_written, *leftovers(project, folder.job)])
        written = table_files.pick(project, names)
        ends = TrialConnectors(
            settings,
            spreads={source: preflight.spread(project, settings, source, 1) for source in folder.job.sources},
            bounded=since is not None,
            folder=cluster.folder,
            written=written,
            since=since,
        )
        composition = job_statements.compose(project, settings, folder, ends)
        checkpoints = {
            "execution.checkpointing.interval": _CHECKPOINT,
            "execution.checkpointing.storage": "filesystem",
            "execution.checkpointing.dir": (cluster.folder / "checkpoints").as_uri(),
        }
        environment = cluster.environment(folder.job, **checkpoints)
        plan = planning.plan(environment, composition)
        job_id = str(plan.execute().get_job_client().get_job_id())
        outputs = {sink: ends.output(_stored_as(project, sink)) for sink in sink_columns(project, folder)}
        encoded = {name: sink.encoded for name, sink in composition.sinks.items() if sink.encoded}
        changes = _follow(
            Cluster(cluster.rest), job_id, outputs, folder.job.late_table, rows=rows, limit_s=limit_s, stats=stats
        )
        for change in changes:
            yield replace(change, row=_decoded(change.row, encoded[change.sink])) if change.sink in encoded else change


def _decoded(row: dict[str, Any], encoded: EncodedValue) -> dict[str, Any]:
    """Return a row as the topic's consumers get it, with what JSON does not have as text."""
    value = encoded.encoding.decoded(base64.b64decode(row[VALUE]))
    plain = {name: each if isinstance(each, int | float | None) else shown(each) for name, each in value.items()}
    return {**{name: each for name, each in row.items() if name != VALUE}, **plain}


def _check(settings: Settings, folder: JobFolder) -> None:
    if not (folder.job.tables or folder.job.steps):
        return  # such a job reads no catalog: it can be tried before there is one
    tables = iceberg.connect(settings)
    missing = [name for name in folder.job.tables if not tables.table_exists(name)]
    if missing:
        raise UserError(
            [Problem(f"there is no table {name}", fix="create it: headrace tables apply") for name in missing]
        )


def _stored_as(project: Project, sink: str) -> str:
    return folder_of_topic(topic_files.load(project, sink.removeprefix(TOPIC))) if sink.startswith(TOPIC) else sink


def _follow(
    cluster: Cluster, job_id: str, outputs: dict[str, Path], late: str, *, rows: int, limit_s: float, stats: TrialStats
) -> Iterator[Change]:
    cluster.wait(lambda: cluster.state(job_id) in {"RUNNING", *ENDED}, _START_LIMIT_S, f"the start of job {job_id}")
    since, first = time.monotonic(), None
    read: set[Path] = set()
    ended = False
    while not ended and stats.most_rows < rows and stats.seconds < limit_s:
        time.sleep(_POLL_S)
        ended = cluster.state(job_id) in ENDED
        stats.seconds = time.monotonic() - since
        first = _measure(cluster, job_id, stats, first)
        for change in (change for sink, path in outputs.items() for change in _new(sink, path, read)):
            if _counted(change, late, stats) and stats.rows[change.sink] <= rows:
                yield change
        if failure := cluster.last_failure(job_id):
            raise PlatformError(f"the job fails: {failure}")
    if not ended:
        cluster.cancel(job_id)


def _counted(change: Change, late: str, stats: TrialStats) -> bool:
    """Count the change, and return whether it is a row of one of the job's own sinks."""
    if change.sink == DEAD_LETTERS:
        stats.dead[change.row["code"]] += 1
    elif change.sink == late:
        stats.late += 1
    else:
        stats.rows[change.sink] += 1
        return True
    return False


def _new(sink: str, path: Path, read: set[Path]) -> Iterator[Change]:
    for file in sorted(set(path.glob("part-*")) - read, key=lambda part: part.stat().st_mtime_ns):
        read.add(file)
        for line in file.read_bytes().splitlines():  # of bytes: a text may hold U+2028, which breaks lines too
            change = json.loads(line)
            taken_back = change["op"] == "d"
            yield Change(sink, "-" if taken_back else "+", change["before"] if taken_back else change["after"])


def _measure(
    cluster: Cluster, job_id: str, stats: TrialStats, first: tuple[float, int] | None
) -> tuple[float, int] | None:
    """Update the records read, their rate since `first`, and the state's size at the last checkpoint.

    `first` is the time and count of the first poll that saw records, None until then. Returns `first`, set if this poll
    is that one.
    """
    for vertex in cluster.get(f"/jobs/{job_id}")["vertices"]:
        path = f"/jobs/{job_id}/vertices/{vertex['id']}/subtasks/metrics"
        metrics = [m["id"] for m in cluster.get(path) if m["id"].startswith("Source__")]
        metrics = [name for name in metrics if name.endswith(".numRecordsIn")]
        if metrics:
            values = cluster.get(f"{path}?get={','.join(metrics)}&agg=sum")
            stats.records = max(stats.records, int(sum(v["sum"] for v in values)))
    latest = cluster.get(f"/jobs/{job_id}/checkpoints")["latest"]["completed"]
    if latest:
        stats.state_bytes = latest["state_size"]
    if first and stats.records > first[1]:
        stats.per_s = (stats.records - first[1]) / (stats.seconds - first[0])
    return first or ((stats.seconds, stats.records) if stats.records else None)
