"""What a running job's metrics say of how it is doing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from headrace.operations.lifecycle.jobcluster import JobCluster
from headrace.project.system_tables import DEAD_LETTERS

# A metric of a vertex is <subtask>.<operator>.<name>; one of the task itself has no operator.
_LAG = re.compile(r"\d+\.Source__.*\.pendingRecords")
_READ = re.compile(r"\d+\.Source__.*\.numRecordsInPerSecond")
_DEAD = re.compile(rf"\d+\..*{DEAD_LETTERS.replace('.', '_')}__Writer\.numRecordsInPerSecond")
_BACKPRESSURED = re.compile(r"\d+\.backPressuredTimeMsPerSecond")


@dataclass(frozen=True, kw_only=True)
class Metrics:
    """`lag` in records of the topics, rates in records a second, `backpressured` the share of time of the worst task.

    None of what the cluster does not tell: the first seconds of a job, a source that is no topic.
    """

    restarts: int | None = None
    lag: int | None = None
    rows_per_s: float | None = None
    dead_letters_per_s: float | None = None
    backpressured: float | None = None


def metrics(cluster: JobCluster, job_id: str) -> Metrics:
    """The vitals of a job that runs. Raises PlatformError where the cluster does not answer."""
    of_job = _values(cluster, f"/jobs/{job_id}/metrics", ["numRestarts"])
    found: dict[str, float] = {}
    for vertex in cluster.get(f"/jobs/{job_id}")["vertices"]:
        path = f"/jobs/{job_id}/vertices/{vertex['id']}/metrics"
        names = [each["id"] for each in cluster.get(path)]
        wanted = [n for n in names if any(p.fullmatch(n) for p in (_LAG, _READ, _DEAD, _BACKPRESSURED))]
        found |= {f"{vertex['id']}/{name}": value for name, value in _values(cluster, path, wanted).items()}
    lag, backpressured = _of(found, _LAG, sum), _of(found, _BACKPRESSURED, max)
    return Metrics(
        restarts=int(of_job["numRestarts"]) if "numRestarts" in of_job else None,
        lag=None if lag is None else int(lag),
        rows_per_s=_of(found, _READ, sum),
        dead_letters_per_s=_of(found, _DEAD, sum),
        backpressured=None if backpressured is None else backpressured / 1000,
    )


def _values(cluster: JobCluster, path: str, names: list[str]) -> dict[str, float]:
    if not names:
        return {}
    told = cluster.get(f"{path}?get={','.join(names)}")
    return {each["id"]: float(each["value"]) for each in told if each.get("value") not in (None, "NaN")}


def _of(
    found: Mapping[str, float], pattern: re.Pattern[str], total: Callable[[Iterable[float]], float]
) -> float | None:
    values = [value for name, value in found.items() if pattern.fullmatch(name.partition("/")[2])]
    return total(values) if values else None
