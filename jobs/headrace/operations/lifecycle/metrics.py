"""A running job's rates, backpressure and last commit, from Flink's metrics."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from headrace.environment.flink_rest import Cluster
from headrace.operations.lifecycle.job_cluster import JobCluster
from headrace.project.system_tables import DEAD_LETTERS

# A metric of a vertex is <subtask>.<operator>.<name>; one of the task itself has no operator.
_RECORDS = re.compile(r"\d+\.Source__.*\.numRecordsIn")
_READ = re.compile(r"\d+\.Source__.*\.numRecordsInPerSecond")
_DEAD = re.compile(rf"\d+\..*{DEAD_LETTERS.replace('.', '_')}__Writer\.numRecordsInPerSecond")
_COMMITTED = re.compile(r"\d+\..*IcebergFilesCommitter\.(?P<table>.+)\.elapsedSecondsSinceLastSuccessfulCommit")
_BACKPRESSURED = re.compile(r"\d+\.backPressuredTimeMsPerSecond")


@dataclass(frozen=True, kw_only=True)
class Metrics:
    """Rates in records per second, `backpressured` the share of time of the worst task, `commit_age_s` in seconds.

    The last is the age of the last commit, of the table that was committed least recently. None if the cluster does not
    report it, as in the first seconds of a job.
    """

    restarts: int | None = None
    rows_per_s: float | None = None
    dead_letters_per_s: float | None = None
    backpressured: float | None = None
    commit_age_s: float | None = None


def metrics(cluster: JobCluster, job_id: str) -> Metrics:
    """Return the metrics of a running job. Raises PlatformError if the cluster does not answer."""
    of_job = _values(cluster, f"/jobs/{job_id}/metrics", ["numRestarts"])
    values: dict[str, float] = {}
    for vertex in cluster.get(f"/jobs/{job_id}")["vertices"]:
        path = f"/jobs/{job_id}/vertices/{vertex['id']}/metrics"
        names = [each["id"] for each in cluster.get(path)]
        chosen = [n for n in names if any(p.fullmatch(n) for p in (_READ, _DEAD, _COMMITTED, _BACKPRESSURED))]
        values |= {f"{vertex['id']}/{name}": value for name, value in _values(cluster, path, chosen).items()}
    backpressured = _of(values, _BACKPRESSURED, max)
    return Metrics(
        restarts=int(of_job["numRestarts"]) if "numRestarts" in of_job else None,
        rows_per_s=_of(values, _READ, sum),
        dead_letters_per_s=_of(values, _DEAD, sum),
        backpressured=None if backpressured is None else backpressured / 1000,
        commit_age_s=_commit_age(values),
    )


def records_read(cluster: Cluster, job_id: str) -> int:
    """Return how many records the job's current attempt has read. Raises PlatformError."""
    total = 0.0
    for vertex in cluster.get(f"/jobs/{job_id}")["vertices"]:
        path = f"/jobs/{job_id}/vertices/{vertex['id']}/metrics"
        names = [each["id"] for each in cluster.get(path) if _RECORDS.fullmatch(each["id"])]
        total += sum(_values(cluster, path, names).values())
    return int(total)


def _commit_age(values: Mapping[str, float]) -> float | None:
    """Return the age of the last commit of the table with the oldest; None without a table.

    One of the committer's subtasks commits a table; in the others the time only grows.
    """
    ages: dict[str, float] = {}
    for name, value in values.items():
        if match := _COMMITTED.fullmatch(name.partition("/")[2]):
            ages[match["table"]] = min(value, ages.get(match["table"], value))
    return max(ages.values(), default=None)


def _values(cluster: Cluster, path: str, names: list[str]) -> dict[str, float]:
    if not names:
        return {}
    response = cluster.get(f"{path}?get={','.join(names)}")
    return {each["id"]: float(each["value"]) for each in response if each.get("value") not in (None, "NaN")}


def _of(
    values: Mapping[str, float], pattern: re.Pattern[str], total: Callable[[Iterable[float]], float]
) -> float | None:
    matches = [value for name, value in values.items() if pattern.fullmatch(name.partition("/")[2])]
    return total(matches) if matches else None
