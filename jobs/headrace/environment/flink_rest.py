"""The Flink session cluster, over its REST API."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx

from headrace.environment.java_errors import root_cause
from headrace.errors import PlatformError

ENDED = frozenset({"FINISHED", "CANCELED", "FAILED"})
_OUT_OF_RANGE = re.compile(r"offset=(?P<offset>\d+).* is out of range for partition (?P<partition>\S+)")


@dataclass(frozen=True)
class RunningJob:
    """A job as the cluster lists it."""

    id: str
    name: str
    state: str

    @property
    def ended(self) -> bool:
        return self.state in ENDED


class Cluster:
    """Calls to one session cluster. Each raises PlatformError when it does not answer within 10 s."""

    def __init__(self, rest: str) -> None:
        self.rest = rest
        self._http = httpx.Client(base_url=rest, timeout=10, trust_env=False)

    def get(self, path: str) -> Any:
        """The JSON that `path` answers with."""
        return self._call("GET", path)

    def slots(self) -> tuple[int, int]:
        """Free slots and all slots."""
        overview = self.get("/overview")
        return overview["slots-available"], overview["slots-total"]

    def jobs(self) -> list[RunningJob]:
        """All jobs that the cluster remembers, ended ones too."""
        return [RunningJob(j["jid"], j["name"], j["state"]) for j in self.get("/jobs/overview")["jobs"]]

    def running(self, name: str) -> RunningJob | None:
        """The job called `name` that has not ended."""
        return next((j for j in self.jobs() if j.name == name and not j.ended), None)

    def state(self, job_id: str) -> str:
        """The job's state, RUNNING only once each of its tasks runs."""
        job = self.get(f"/jobs/{job_id}")
        if job["state"] != "RUNNING":
            return str(job["state"])
        started = all(v["status"] in {"RUNNING", "FINISHED"} for v in job["vertices"])
        return "RUNNING" if started else "STARTING"

    def last_failure(self, job_id: str) -> str | None:
        """Why the job last failed: the innermost cause, in its own words, or in ours where those say too little."""
        entries = self.get(f"/jobs/{job_id}/exceptions")["exceptionHistory"]["entries"]
        if not entries:
            return None
        cause = root_cause(entries[0]["stacktrace"])
        if gone := _OUT_OF_RANGE.search(cause):
            return (
                f"{gone['partition']} has no offset {gone['offset']}, at which the job stands: the topic was made "
                "anew, or lost records before they were read. Nothing is read past it; headrace reconcile tells what "
                "is missing, headrace stop ends the job"
            )
        return cause

    def stop(self, job_id: str, limit_s: float = 120) -> str:
        """Stop with a savepoint, so that all that was read is committed; returns where the savepoint is."""
        order = {"drain": False, "formatType": "CANONICAL"}
        asked = f"/jobs/{job_id}/savepoints"
        done = self._done(f"/jobs/{job_id}/stop", order, asked, limit_s, f"the savepoint of job {job_id}")
        if failure := done.get("failure-cause"):
            cause = root_cause(failure["stack-trace"])
            raise PlatformError(f"job {job_id} did not stop with a savepoint: {cause}", self.rest)
        self.wait(lambda: self.state(job_id) in ENDED, limit_s, f"the end of job {job_id}")
        return str(done["location"])

    def cancel(self, job_id: str, limit_s: float = 60) -> None:
        """End the job as it stands; one that has ended, even on the way here, stays as it is."""
        try:
            self._call("PATCH", f"/jobs/{job_id}?mode=cancel")
        except PlatformError:
            # What /jobs/ID answers may be seconds old, this is not.
            if self.get(f"/jobs/{job_id}/status")["status"] not in ENDED:
                raise
        self.wait(lambda: self.state(job_id) in ENDED, limit_s, f"the end of job {job_id}")

    def wait(self, done: Callable[[], bool], limit_s: float, what: str) -> None:
        """Until `done()`. Raises PlatformError after `limit_s`."""
        end = time.monotonic() + limit_s
        while not done():
            if time.monotonic() > end:
                raise PlatformError(f"{what} did not come within {limit_s:.0f} s", self.rest)
            time.sleep(0.2)

    def _done(self, path: str, order: Any, asked: str, limit_s: float, what: str) -> Any:
        """What came of an operation that is ordered at `path` and goes on in the cluster, where `asked` tells of it."""
        told = f"{asked}/{self._call('POST', path, order)['request-id']}"
        self.wait(lambda: self.get(told)["status"]["id"] == "COMPLETED", limit_s, what)
        return self.get(told)["operation"]

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        try:
            answer = self._http.request(method, path, json=body)
            answer.raise_for_status()
            return answer.json() if answer.content else None
        except httpx.HTTPStatusError as error:
            lines = "; ".join(error.response.json().get("errors", [])).splitlines() if error.response.content else []
            said = root_cause("\n".join(lines)) or f"HTTP {error.response.status_code}"
            raise PlatformError(f"Flink refused {method} {path}: {said}", self.rest) from None
        except httpx.HTTPError as error:
            raise PlatformError(
                f"the Flink cluster does not answer: {error}",
                self.rest,
                "is it up? `headrace local status` shows the local one; `headrace local up` starts it",
            ) from None
