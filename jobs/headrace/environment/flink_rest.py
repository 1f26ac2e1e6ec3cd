"""Client of a Flink session cluster's REST API."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import httpx
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from headrace.environment import flink_tls
from headrace.environment.addresses import unreachable
from headrace.environment.flink_failures import Failure, explained
from headrace.environment.java_errors import root_cause
from headrace.environment.waiting import waiting_for
from headrace.errors import PlatformError

if TYPE_CHECKING:
    from headrace.environment.settings import Settings

ENDED = frozenset({"FINISHED", "CANCELED", "FAILED"})
_LIMIT_S = 10
_OF_A_RESTART = ("Checkpoint Coordinator is suspending", "Not all required tasks are currently running")


@dataclass(frozen=True)
class RunningJob:
    """A job in the cluster's list."""

    id: str
    name: str
    state: str

    @property
    def ended(self) -> bool:
        """Whether the job has finished, failed or been cancelled."""
        return self.state in ENDED


class _Restarting(PlatformError):
    """A job could not take a savepoint because Flink restarts it. Its state may still be shown as RUNNING."""


class Cluster:
    """Calls to one session cluster. Each raises PlatformError if the cluster does not answer within 10 s."""

    def __init__(self, rest: str, tls: Path | None = None) -> None:
        """`tls` is the folder of the client certificate, if the API asks for one."""
        self.rest = rest
        known = flink_tls.context(tls) if tls else _certificates()
        self._http = httpx.Client(base_url=rest, timeout=_LIMIT_S, trust_env=False, verify=known)

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Return the environment's cluster. Raises PlatformError if its address or its certificate is not there."""
        return cls(settings.flink_rest(), settings.flink_tls())

    def get(self, path: str) -> Any:
        """Return the JSON at `path`."""
        return self._call("GET", path)

    def slots(self) -> tuple[int, int]:
        """Return the number of free slots and of all slots."""
        overview = self.get("/overview")
        return overview["slots-available"], overview["slots-total"]

    def jobs(self) -> list[RunningJob]:
        """Return all jobs that the cluster remembers, including ended ones."""
        return [RunningJob(j["jid"], j["name"], j["state"]) for j in self.get("/jobs/overview")["jobs"]]

    def running(self, name: str) -> RunningJob | None:
        """Return the job with this name that has not ended; None if there is none."""
        return next((j for j in self.jobs() if j.name == name and not j.ended), None)

    def state(self, job_id: str) -> str:
        """Return the job's state; RUNNING only when all of its tasks run, STARTING before that."""
        job = self.get(f"/jobs/{job_id}")
        if job["state"] != "RUNNING":
            return str(job["state"])
        started = all(v["status"] in {"RUNNING", "FINISHED"} for v in job["vertices"])
        return "RUNNING" if started else "STARTING"

    def failure(self, job_id: str) -> Failure | None:
        """Return the job's last failure, explained where Flink says too little; None if it has never failed."""
        entries = self.get(f"/jobs/{job_id}/exceptions")["exceptionHistory"]["entries"]
        if not entries:
            return None
        last = entries[0]
        return Failure(datetime.fromtimestamp(last["timestamp"] / 1000, UTC), *explained(last["stacktrace"]))

    def last_failure(self, job_id: str) -> str | None:
        """Return the cause of the job's last failure, as `failure` does; None if it has never failed."""
        failure = self.failure(job_id)
        return failure.what if failure else None

    def stop(self, job_id: str, limit_s: float = 120) -> str:
        """Stop the job with a savepoint, so that everything read is committed, and return the savepoint's path.

        A job that is just being restarted gets the time to do so. Raises PlatformError if there is no savepoint.
        """
        again = Retrying(
            retry=retry_if_exception_type(_Restarting),
            stop=stop_after_delay(limit_s),
            wait=wait_fixed(1),
            reraise=True,
        )
        return again(self._stop, job_id, limit_s)

    def _stop(self, job_id: str, limit_s: float) -> str:
        order = {"drain": False, "formatType": "CANONICAL"}
        progress = f"/jobs/{job_id}/savepoints"
        result = self._run(f"/jobs/{job_id}/stop", order, progress, limit_s, f"the savepoint of job {job_id}")
        if failure := result.get("failure-cause"):
            cause = root_cause(failure["stack-trace"])
            kind = _Restarting if any(said in cause for said in _OF_A_RESTART) else PlatformError
            raise kind(f"job {job_id} did not stop with a savepoint: {cause}", self.rest)
        self.wait(lambda: self.state(job_id) in ENDED, limit_s, f"the end of job {job_id}")
        return str(result["location"])

    def cancel(self, job_id: str, limit_s: float = 60) -> None:
        """Cancel the job without a savepoint. A job that has already ended, even during the call, is left as it is."""
        try:
            self._call("PATCH", f"/jobs/{job_id}?mode=cancel")
        except PlatformError:
            # The response of /jobs/ID may be seconds old; this one is current.
            if self.get(f"/jobs/{job_id}/status")["status"] not in ENDED:
                raise
        self.wait(lambda: self.state(job_id) in ENDED, limit_s, f"the end of job {job_id}")

    def wait(self, done: Callable[[], bool], limit_s: float, what: str) -> None:
        """Wait until `done()` returns true. Raises PlatformError after `limit_s` seconds."""
        end = time.monotonic() + limit_s
        while not done():
            if time.monotonic() > end:
                raise PlatformError(f"{what} did not come within {limit_s:.0f} s", self.rest)
            time.sleep(0.2)

    def _run(self, path: str, order: Any, progress: str, limit_s: float, what: str) -> Any:
        """Start an asynchronous operation at `path`, poll its status below `progress`, and return its result."""
        request = f"{progress}/{self._call('POST', path, order)['request-id']}"
        self.wait(lambda: self.get(request)["status"]["id"] == "COMPLETED", limit_s, what)
        return self.get(request)["operation"]

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        try:
            with waiting_for(f"the Flink cluster ({self.rest})", _LIMIT_S):
                answer = self._http.request(method, path, json=body)
            answer.raise_for_status()
            return answer.json() if answer.content else None
        except httpx.HTTPStatusError as error:
            cause = root_cause(_errors(error.response)) or f"HTTP {error.response.status_code}"
            raise PlatformError(f"Flink refused {method} {path}: {cause}", self.rest) from None
        except ValueError:
            raise PlatformError(
                f"{method} {path} is not answered with JSON: is this Flink's REST?", self.rest
            ) from None
        except httpx.HTTPError as error:
            raise PlatformError(f"the Flink cluster does not answer: {error}", self.rest, self._fix(error)) from None

    def _fix(self, error: httpx.HTTPError) -> str:
        if "CERTIFICATE" not in str(error):
            return unreachable(self.rest, "flink.rest")
        return (
            "flink.tls of the environment's file in catalogs/ has to name a folder with a certificate that this "
            "cluster accepts; `headrace local down`, then `headrace local up` renews that of the local platform"
        )


def _errors(response: httpx.Response) -> str:
    """Return the errors that Flink's answer names; "" for an answer that is not Flink's."""
    try:
        errors = response.json()["errors"]
    except (ValueError, KeyError, TypeError):
        return ""
    return "; ".join(map(str, errors))


@cache
def _certificates() -> ssl.SSLContext:
    """Return httpx's default certificates, read once: reading them takes longer than a request."""
    return httpx.create_ssl_context(trust_env=False)
