"""Wait until an incarnation has proved itself: it runs, and has completed a checkpoint of its own."""

from __future__ import annotations

import time

from headrace.environment.flink_rest import ENDED
from headrace.errors import PlatformError
from headrace.operations.lifecycle.operation_context import OperationContext

LIMIT_S = 180
_FAILURES = 3
"""A job that has failed so often before its first checkpoint is not waited for any longer."""


def await_checkpoint(context: OperationContext, job_id: str) -> None:
    """Return once the job runs and has completed a checkpoint.

    Raises PlatformError where it ends or fails again and again instead, or after LIMIT_S and three checkpoint
    intervals.
    """
    limit_s = LIMIT_S + 3 * context.settings.flink.checkpoint_interval_s
    end = time.monotonic() + limit_s
    while not context.cluster.checkpoints(job_id).completed:
        state = context.cluster.state(job_id)
        failures = context.cluster.failures(job_id)
        if state in ENDED or failures >= _FAILURES:
            how = f"is {state}" if state in ENDED else "fails again and again"
            cause = context.cluster.last_failure(job_id) or "it has told no cause"
            raise PlatformError(f"the job {how} before its first checkpoint: {cause}", context.cluster.rest)
        if time.monotonic() > end:
            last = context.cluster.last_failure(job_id)
            said = f"; its last failure was: {last}" if last else ""
            raise PlatformError(
                f"the job is {state}, and completed no checkpoint within {limit_s:.0f} s{said}", context.cluster.rest
            )
        time.sleep(0.2)
