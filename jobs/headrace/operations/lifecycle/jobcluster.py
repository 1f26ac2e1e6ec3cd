"""What the cluster knows of a job's checkpoints and failures, over its REST API."""

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
    """A Cluster, asked about lives of jobs. Each call raises PlatformError when it does not answer."""

    def listed(self, job_id: str) -> RunningJob | None:
        """The job with the id, ended or not; None where the cluster has never known it, or has forgotten."""
        return next((job for job in self.jobs() if job.id == job_id), None)

    def alive(self, job_id: str) -> bool:
        """Whether the job is on the cluster and has not ended."""
        job = self.listed(job_id)
        return job is not None and not job.ended

    def checkpoints(self, job_id: str) -> Checkpoints:
        """The job's checkpoints; the one that it was restored from is not among them."""
        told = self.get(f"/jobs/{job_id}/checkpoints")
        last = (told["latest"] or {}).get("completed")
        at = last["latest_ack_timestamp"] / 1000 if last else None
        return Checkpoints(told["counts"]["completed"], told["counts"]["failed"], at)

    def retains(self, job_id: str) -> bool:
        """Whether the job's checkpoints stay when it is ended."""
        told = self.get(f"/jobs/{job_id}/checkpoints/config")["externalization"]
        return bool(told["enabled"] and not told["delete_on_cancellation"])

    def failures(self, job_id: str) -> int:
        """How many of the job's failures the cluster remembers."""
        return len(self.get(f"/jobs/{job_id}/exceptions")["exceptionHistory"]["entries"])

    def setting(self, key: str) -> str | None:
        """A setting of the cluster's own."""
        return next((each["value"] for each in self.get("/jobmanager/config") if each["key"] == key), None)

    def dispose(self, savepoint: str) -> None:
        """Have the files of the savepoint deleted."""
        path, order = "/savepoint-disposal", {"savepoint-path": savepoint}
        done = self._done(path, order, path, _DISPOSAL_LIMIT_S, f"the end of {savepoint}")
        if failure := done.get("failure-cause"):
            raise PlatformError(f"{savepoint} is not dropped: {root_cause(failure['stack-trace'])}", self.rest)
