"""What the cluster reports of a running job: its attempt, checkpoints, last failure and metrics, as ages in seconds."""

from __future__ import annotations

from dataclasses import dataclass, field

from headrace.environment.flink_failures import Failure
from headrace.operations.lifecycle.job_cluster import JobCluster
from headrace.operations.lifecycle.metrics import Metrics, metrics

_SETTLED_S = 12
"""The cluster collects metrics every 10 s: until then, those of the attempt before may be among them."""


@dataclass(frozen=True)
class JobReport:
    """A running job. `attempt_s` counts since it was last started or restarted, `failure_s` since its last failure.

    `interval_s` is the time between its checkpoints. Ages are by the cluster's clock. The rates in `metrics` are those
    of the current attempt, or None.
    """

    state: str
    interval_s: float
    attempt_s: float | None = None
    checkpoint_s: float | None = None
    failure_s: float | None = None
    failure: Failure | None = None
    metrics: Metrics = field(default_factory=Metrics)
    checkpoints: int = 0


def report(cluster: JobCluster, job_id: str) -> JobReport:
    """Return the report of a job that is on the cluster. Raises PlatformError if the cluster does not answer."""
    overview = cluster.get(f"/jobs/{job_id}")
    now = overview["now"] / 1000
    state = cluster.state(job_id)
    since = overview["timestamps"].get("RUNNING", 0) / 1000
    attempt_s = max(0.0, now - since) if overview["state"] == "RUNNING" and since else None
    checkpoints = cluster.checkpoints(job_id)
    last = checkpoints.last_at
    failure = cluster.failure(job_id)
    return JobReport(
        state,
        cluster.get(f"/jobs/{job_id}/checkpoints/config")["interval"] / 1000,
        attempt_s,
        max(0.0, now - last) if last else None,
        max(0.0, now - failure.at.timestamp()) if failure else None,
        failure,
        current(metrics(cluster, job_id), state, attempt_s),
        checkpoints.completed,
    )


def current(collected: Metrics, state: str, attempt_s: float | None) -> Metrics:
    """Return the metrics without what may be left of an attempt that has ended."""
    settled = state == "RUNNING" and attempt_s is not None and attempt_s >= _SETTLED_S
    return collected if settled else Metrics(restarts=collected.restarts)
