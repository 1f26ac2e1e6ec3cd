"""How the jobs are: what the ledger holds of them, what the cluster says, and the last error in words."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from headrace.operations.ledger import ALIVE, Entry
from headrace.operations.lifecycle.metrics import Metrics, metrics
from headrace.operations.lifecycle.operation_context import OperationContext


@dataclass(frozen=True)
class Status:
    """A job. `state` is Flink's word for one that the cluster knows, the ledger's step for one that has ended.

    LOST: the ledger holds it to run, and the cluster does not know it. `entry` is None for a job that the ledger does
    not know. `uptime_s` is since it last came to run, `checkpoint_age_s` since its last completed checkpoint.
    `complete_through` is what `headrace completeness` last found of the job; None for one that keeps not each record.
    """

    job: str
    state: str
    flink_job_id: str | None = None
    entry: Entry | None = None
    uptime_s: float | None = None
    checkpoint_age_s: float | None = None
    vitals: Metrics = field(default_factory=Metrics)
    complete_through: datetime | None = None
    error: str | None = None

    @property
    def well(self) -> bool:
        """Whether it is as the ledger holds it to be."""
        return self.state == "RUNNING" if self.entry is None or self.entry.step in ALIVE else True


def status(
    context: OperationContext,
    names: Sequence[str] = (),
    complete_through: Callable[[str], datetime | None] = lambda _job: None,
) -> list[Status]:
    """Every job of the ledger and of the cluster, or those of `names`, by name. Raises PlatformError.

    `complete_through(job)` is what `headrace completeness` last found of a job.
    """
    last = context.ledger.last()
    running = {job.name: job.id for job in context.cluster.jobs() if not job.ended}
    found = (_of(context, name, last.get(name), running.get(name)) for name in sorted(names or {*last, *running}))
    return [replace(each, complete_through=complete_through(each.job)) for each in found]


def _of(context: OperationContext, name: str, entry: Entry | None, running: str | None) -> Status:
    if running is None:
        state = "UNKNOWN" if entry is None else "LOST" if entry.step in ALIVE else entry.step.upper()
        return Status(name, state, entry.flink_job_id if entry else None, entry, error=entry.message if entry else None)
    cluster, told = context.cluster, context.cluster.get(f"/jobs/{running}")
    at = cluster.checkpoints(running).last_at
    return Status(
        name,
        cluster.state(running),
        running,
        entry,
        uptime_s=_since(told["timestamps"]["RUNNING"] / 1000) if told["state"] == "RUNNING" else None,
        checkpoint_age_s=_since(at) if at else None,
        vitals=metrics(cluster, running),
        error=cluster.last_failure(running),
    )


def _since(at: float) -> float:
    return max(0.0, time.time() - at)
