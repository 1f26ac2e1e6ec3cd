"""A job's checkpoints and failures, read from the cluster's REST API."""

from __future__ import annotations

from dataclasses import dataclass

from headrace.environment.flink_rest import Cluster, RunningJob
from headrace.environment.java_errors import root_cause
from headrace.errors import PlatformError

_DISPOSAL_LIMIT_S = 60


@dataclass(frozen=True)
class Checkpoints:
    """Counts of a job's own checkpoints, and the time of the last completed one in seconds since 1970, if any."""

    completed: int
    failed: int
    last_at: float | None


class JobCluster(Cluster):
    """A Cluster with calls about single jobs. Each call raises PlatformError if the cluster does not answer."""

    def listed(self, job_id: str) -> RunningJob | None:
        """Return the job with the id, ended or not; None if the cluster has never known it, or has forgotten it."""
        return next((job for job in self.jobs() if job.id == job_id), None)

    def alive(self, job_id: str) -> bool:
        """Whether the job is on the cluster and has not ended."""
        job = self.listed(job_id)
        return job is not None and not job.ended

    def checkpoints(self, job_id: str) -> Checkpoints:
        """Return the job's checkpoints, without the one that it was restored from."""
        statistics = self.get(f"/jobs/{job_id}/checkpoints")
        last = (statistics["latest"] or {}).get("completed")
        at = last["latest_ack_timestamp"] / 1000 if last else None
        return Checkpoints(statistics["counts"]["completed"], statistics["counts"]["failed"], at)

    def ask_for_checkpoint(self, job_id: str) -> None:
        """Have the job take a checkpoint now, and do not wait for it: `checkpoints` says when it is complete."""
        self._call("POST", f"/jobs/{job_id}/checkpoints", {"checkpointType": "CONFIGURED"})

    def retains(self, job_id: str) -> bool:
        """Whether the job's checkpoints stay when it is cancelled."""
        policy = self.get(f"/jobs/{job_id}/checkpoints/config")["externalization"]
        return bool(policy["enabled"] and not policy["delete_on_cancellation"])

    def failures(self, job_id: str) -> int:
        """Return how many of the job's failures the cluster remembers."""
        return len(self.get(f"/jobs/{job_id}/exceptions")["exceptionHistory"]["entries"])

    def setting(self, key: str) -> str | None:
        """Return a setting of the cluster itself; None if it is not set."""
        return next((each["value"] for each in self.get("/jobmanager/config") if each["key"] == key), None)

    def dispose(self, savepoint: str) -> None:
        """Have the cluster delete the savepoint's files."""
        path, order = "/savepoint-disposal", {"savepoint-path": savepoint}
        result = self._run(path, order, path, _DISPOSAL_LIMIT_S, f"the deletion of {savepoint}")
        if failure := result.get("failure-cause"):
            raise PlatformError(f"{savepoint} is not dropped: {root_cause(failure['stack-trace'])}", self.rest)
