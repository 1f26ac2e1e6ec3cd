"""A row of the ledger."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

Step = Literal["submitting", "running", "stopping", "stopped", "rolled back", "failed", "bounded", "finished"]
STEPS: tuple[Step, ...] = get_args(Step)
ALIVE: frozenset[Step] = frozenset({"submitting", "running", "stopping", "rolled back"})
"""After these steps an incarnation may be on the cluster, and should be."""
UNSETTLED: frozenset[Step] = ALIVE | {"bounded"}
"""After these steps the cluster may know more than the ledger. A bounded incarnation ends by itself."""
TO_START_AGAIN = "to be started again"
"""The beginning of the message of a job that is stopped although nobody wants it to stay so."""


@dataclass(frozen=True)
class Entry:
    """One step of a job's life; sql/_tables/_system/historian.deployments.yaml describes the columns.

    `entry` and `at` are 0 and None until it is written to the ledger.
    """

    deployment: str
    job: str
    version: int
    step: Step
    flink_job_id: str
    release: str
    fingerprint: str
    parallelism: int
    cluster: str
    deployer: str
    git_commit: str | None = None
    plan: str | None = None
    plan_hash: str | None = None
    verdict: str | None = None
    savepoint: str | None = None
    message: str | None = None
    entry: int = 0
    at: datetime | None = None

    @property
    def is_to_start_again(self) -> bool:
        """Whether the job is stopped although nobody wants it to stay so: what was to start it has not."""
        return self.step == "stopped" and (self.message or "").startswith(TO_START_AGAIN)
