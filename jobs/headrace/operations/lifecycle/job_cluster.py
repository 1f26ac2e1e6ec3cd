"""A job's checkpoints and failures, read from the cluster's REST API."""

from __future__ import annotations

from dataclasses import dataclass

from headrace.environment.flink_rest import Cluster, RunningJob
from headrace.environment.java_errors import root_cause
from headrace.errors import PlatformError

_DISPOSAL_LIMIT_S = 60


@dataclass(frozen=True)
class Checkpoints:
    """How many checkpoints of its own a job has completed, and when the last of them was, in seconds since 1970."""

    completed: int
    failed: int
    last_at: float | None


class JobCluster(Cluster):
    """A Cluster that also answers for single jobs. Each call raises PlatformError when the cluster does not answer."""

    def listed(self, job_id: str) -> RunningJob | None:
        """The job with the id, ended or not; None where the cluster has never known it, or has forgotten it."""
        return next((job for job in self.jobs() if job.id == job_id), None)

    def alive(self, job_id: str) -> bool:
        """Whether the job is on the cluster and has not ended."""
        job = self.listed(job_id)
        return job is not None and not job.ended

    def checkpoints(self, job_id: str) -> Checkpoints:
        """The job's checkpoints; the one that it was restored from is not among them."""
        statistics = self.get(f"/jobs/{job_id}/checkpoints")
        last = (statistics["latest"] or {}).get("completed")
        at = last["latest_ack_timestamp"] / 1000 if last else None
        return Checkpoints(statistics["counts"]["completed"], statistics["counts"]["failed"], at)

    def retains(self, job_id: str) -> bool:
        """Whether the job's checkpoints stay when it is cancelled."""
        policy = self.get(f"/jobs/{job_id}/checkpoints/config")["externalization"]
        return bool(policy["enabled"] and not policy["delete_on_cancellation"])

    def failures(self, job_id: str) -> int:
        """How many of the job's failures the cluster remembers."""
        return len(self.get(f"/jobs/{job_id}/exceptions")["exceptionHistory"]["entries"])

    def setting(self, key: str) -> str | None:
        """A setting of the cluster's own; None where it is not set."""
        return next((each["value"] for each in self.get("/jobmanager/config") if each["key"] == key), None)

    def dispose(self, savepoint: str) -> None:
        """Have the cluster delete the savepoint's files."""
        path, order = "/savepoint-disposal", {"savepoint-path": savepoint}
        result = self._run(path, order, path, _DISPOSAL_LIMIT_S, f"the deletion of {savepoint}")
        if failure := result.get("failure-cause"):
            raise PlatformError(f"{savepoint} is not dropped: {root_cause(failure['stack-trace'])}", self.rest)
