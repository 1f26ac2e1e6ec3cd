"""A replay that was started is followed to its end."""

from __future__ import annotations

import time
from collections.abc import Callable

from headrace.errors import PlatformError
from headrace.operations.lifecycle.job_cluster import JobCluster
from headrace.operations.lifecycle.metrics import records_read

_POLL_S = 0.5
_FAILURES = 3
STANDING_S = 120.0
"""Seconds for which a replay may wait for slots, or the cluster may not answer, before it is given up."""


def follow(cluster: JobCluster, job_id: str, name: str, progress: Callable[[int], None]) -> None:
    """Return once the Flink job has finished; `progress` gets the number of records read so far.

    Raises PlatformError if it ends otherwise, if it fails three times, and if for STANDING_S it does not run or the
    cluster does not answer.
    """
    ran = time.monotonic()
    while True:
        try:
            state, failures = cluster.state(job_id), cluster.failures(job_id)
            read = records_read(cluster, job_id)
        except PlatformError:
            if time.monotonic() - ran > STANDING_S:
                raise
        else:
            if state == "FINISHED":
                return
            if state in {"FAILED", "CANCELED"} or failures >= _FAILURES:
                raise _failure(cluster, job_id, name, f"it is {state}")
            if state == "RUNNING":
                ran = time.monotonic()
                progress(read)
            elif time.monotonic() - ran > STANDING_S:
                free, total = cluster.slots()
                standing = f"it is {state} for {STANDING_S:.0f} s, and {free} of {total} slots are free"
                raise _failure(cluster, job_id, name, standing)
        time.sleep(_POLL_S)


def _failure(cluster: JobCluster, job_id: str, name: str, state: str) -> PlatformError:
    failure = cluster.failure(job_id)
    cause = f"{state}; its last failure was: {failure.what}" if failure else state
    return PlatformError(f"the replay fails: {cause}", cluster.rest, failure.fix_for(name) if failure else None)
