"""The status of jobs: what the ledger holds, what the cluster reports, and the last error in words."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from headrace.operations.ledger import ALIVE, Entry
from headrace.operations.lifecycle.metrics import Metrics, metrics
from headrace.operations.lifecycle.operation_context import OperationContext


@dataclass(frozen=True)
class Status:
    """The status of a job. `state` is Flink's state of a job that runs, and the ledger's step of one that has ended.

    LOST: it runs according to the ledger, but not on the cluster. UNKNOWN: neither has it. `entry` is None for a job
    that is not in the ledger. `uptime_s` counts from the last start, `checkpoint_age_s` from the last checkpoint.
    `complete_through` is the last result of `headrace completeness` for the job; None for one that does not keep every
    record.
    """

    job: str
    state: str
    flink_job_id: str | None = None
    entry: Entry | None = None
    uptime_s: float | None = None
    checkpoint_age_s: float | None = None
    metrics: Metrics = field(default_factory=Metrics)
    complete_through: datetime | None = None
    error: str | None = None

    @property
    def well(self) -> bool:
        """Whether it is in the state that the ledger has for it."""
        return self.state == "RUNNING" if self.entry is None or self.entry.step in ALIVE else True


def status(
    context: OperationContext,
    names: Sequence[str] = (),
    complete_through: Callable[[str], datetime | None] = lambda _job: None,
) -> list[Status]:
    """Return every job of the ledger and of the cluster, or those of `names`, by name. Raises PlatformError.

    `complete_through(job)` returns the last result of `headrace completeness` for a job.
    """
    last = context.ledger.last()
    jobs = context.cluster.jobs()
    running = {job.name: job.id for job in jobs if not job.ended}
    ended = {job.id: job.state for job in jobs if job.ended}
    statuses = [
        _of(context, name, last.get(name), running.get(name), ended) for name in sorted(names or {*last, *running})
    ]
    return [replace(each, complete_through=complete_through(each.job)) for each in statuses]


def _of(
    context: OperationContext, name: str, entry: Entry | None, running: str | None, ended: Mapping[str, str]
) -> Status:
    if running is None:
        return _ended(name, entry, ended)
    cluster, overview = context.cluster, context.cluster.get(f"/jobs/{running}")
    at = cluster.checkpoints(running).last_at
    return Status(
        name,
        cluster.state(running),
        running,
        entry,
        uptime_s=_since(overview["timestamps"]["RUNNING"] / 1000) if overview["state"] == "RUNNING" else None,
        checkpoint_age_s=_since(at) if at else None,
        metrics=metrics(cluster, running),
        error=cluster.last_failure(running),
    )


def _ended(name: str, entry: Entry | None, ended: Mapping[str, str]) -> Status:
    if entry is None:
        return Status(name, "UNKNOWN")
    state = "LOST" if entry.step in ALIVE else entry.step.upper()
    if entry.step == "bounded":
        # The next command that takes a step writes its end to the ledger.
        state = ended.get(entry.flink_job_id, "ENDED")
    return Status(name, state, entry.flink_job_id, entry, error=entry.message)


def _since(at: float) -> float:
    return max(0.0, time.time() - at)
