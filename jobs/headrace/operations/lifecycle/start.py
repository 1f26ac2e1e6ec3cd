"""Start an incarnation and wait until it has proved itself; if it does not, start the one before it again."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import NoReturn

from headrace.environment.flink_rest import ENDED
from headrace.errors import HeadraceError, PlatformError
from headrace.operations import submission
from headrace.operations.ledger import Entry, Step
from headrace.operations.lifecycle import commits, incarnation, restore_points
from headrace.operations.lifecycle.incarnation import last_good, plan_of, resubmission
from headrace.operations.lifecycle.operation_context import OperationContext
from headrace.operations.submission import Prepared
from headrace.planner.state.verdict import verdict

CHECKPOINT_LIMIT_S = 180
_FAILURES = 3
"""A job that has failed this often before its first checkpoint is given up."""


def run(context: OperationContext, entry: Entry, prepared: Prepared | None = None, then: Step = "running") -> Entry:
    """Submit the incarnation that `entry` describes; return its entry once it runs and has completed a checkpoint.

    An incarnation that does not get there is cancelled, and its entry is `failed`. Raises PlatformError, or UserError
    if the operator can fix the cause.
    """
    if entry.release == context.release:
        context.keep_release()
    entry = context.write(entry)
    try:
        try:
            incarnation.launch(context, entry, prepared)
        except HeadraceError:
            # If this fails although the job runs, a deployer that was killed had submitted it already.
            if not context.cluster.alive(entry.flink_job_id):
                raise
        context.progress_of(entry.job)("waiting for a checkpoint")
        await_checkpoint(context, entry)
    except HeadraceError as error:
        if context.cluster.alive(entry.flink_job_id):
            context.cluster.cancel(entry.flink_job_id)
        context.write(replace(entry, step="failed", message=str(error)))
        raise
    return context.write(replace(entry, step=then))


def run_bounded(context: OperationContext, entry: Entry, prepared: Prepared) -> Entry:
    """Submit an incarnation that ends by itself; return its entry once it runs, or has finished already.

    It need not complete a checkpoint, and is never started again. Raises PlatformError if it does not run.
    """
    context.keep_release()
    entry = context.write(replace(entry, step="bounded"))
    try:
        submitted = submission.launch(prepared, entry.flink_job_id, progress=context.progress_of(entry.job))
    except HeadraceError as error:
        context.write(replace(entry, step="failed", message=str(error)))
        raise
    return context.write(replace(entry, step="finished")) if submitted.state == "FINISHED" else entry


def go_back(
    context: OperationContext, job: str, history: Sequence[Entry], error: HeadraceError, failed: Entry | None = None
) -> NoReturn:
    """Start the last good incarnation of `history` again after `error`, which kept the next one from running.

    `failed` is the entry of that one, if it was submitted. Raises PlatformError that reports which of the two runs, and
    `error` itself if there is no earlier one.
    """
    old = last_good(history, failed.flink_job_id if failed else None)
    if old is None:
        raise error
    try:
        _go_back(context, old, error, failed)
    except HeadraceError as second:
        raise PlatformError(list(dict.fromkeys([*error.problems, *second.problems]))) from None
    raise PlatformError(
        f"{job} did not come up: {_first(error)}",
        fix=f"the version before it runs again, from where it had stopped: release {old.release[:12]}",
    ) from None


def run_or_go_back(
    context: OperationContext, entry: Entry, prepared: Prepared | None, history: Sequence[Entry]
) -> Entry:
    """Do as `run` does; if the incarnation fails, start the last good one of `history` again from where it stopped.

    Raises PlatformError that reports which of the two runs; as `run` does if there is no earlier one.
    """
    try:
        return run(context, entry, prepared)
    except HeadraceError as error:
        go_back(context, entry.job, history, error, entry)


def await_checkpoint(context: OperationContext, entry: Entry) -> None:
    """Return once the job runs and has completed a checkpoint of its own, which it is asked for as soon as it runs.

    Raises PlatformError if it ends or fails repeatedly before that, or after CHECKPOINT_LIMIT_S and three checkpoint
    intervals.
    """
    cluster, job_id = context.cluster, entry.flink_job_id
    limit_s = CHECKPOINT_LIMIT_S + 3 * context.settings.flink.checkpoint_interval_s
    end = time.monotonic() + limit_s
    asked_after = -1
    while not cluster.checkpoints(job_id).completed:
        state, failures = cluster.state(job_id), cluster.failures(job_id)
        if state in ENDED or failures >= _FAILURES:
            how = f"is {state}" if state in ENDED else "fails repeatedly"
            failure = cluster.failure(job_id)
            cause = failure.what if failure else "it reports no cause"
            fix = failure.fix_for(entry.job) if failure else None
            raise PlatformError(f"the job {how} before its first checkpoint: {cause}", cluster.rest, fix)
        if time.monotonic() > end:
            failure = cluster.failure(job_id)
            last = f"; its last failure was: {failure.what}" if failure else ""
            raise PlatformError(
                f"the job is {state}, and completed no checkpoint within {limit_s:.0f} s{last}",
                cluster.rest,
                failure.fix_for(entry.job) if failure else None,
            )
        if state == "RUNNING" and failures > asked_after:
            # The next regular one may be minutes away. Flink refuses if a task has just failed: then it is restarted.
            with suppress(PlatformError):
                cluster.ask_for_checkpoint(job_id)
                asked_after = failures
        time.sleep(0.2)


def _go_back(context: OperationContext, old: Entry, error: HeadraceError, failed: Entry | None) -> None:
    context.progress_of(old.job)("it did not come up; starting the version before it again")
    history = context.ledger.history(old.job)
    start = restore_points.newest(context, history)
    if start is None:
        raise PlatformError(f"there is no savepoint to go back to: {old.job} does not run", context.cluster.rest)
    if failed and start.flink_job_id == failed.flink_job_id:
        # It completed a checkpoint before it failed, and may have written rows: only its own state avoids duplicates.
        failed_plan, old_plan = plan_of(failed), plan_of(old)
        judgement = verdict(failed_plan, old_plan) if failed_plan and old_plan else None
        if judgement is None or judgement.kind != "compatible":
            raise PlatformError(
                f"{old.job} failed after it had written, and the version before it cannot continue from there: "
                f"{judgement or 'its plan is not known'}",
                start.path,
                f"fix the cause and deploy again, or headrace restart {old.job} --from checkpoint",
            )
    commits.refuse_later(context, history, start)
    why = f"instead of {failed.flink_job_id if failed else 'the next one'}: {_first(error)}"
    run(context, resubmission(context, old, start.path, why), then="rolled back")


def _first(error: HeadraceError) -> str:
    return error.problems[0].what
