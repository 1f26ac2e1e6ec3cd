"""Start an incarnation, see it prove itself, and where it does not, have the one before it run again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from headrace.errors import HeadraceError, PlatformError
from headrace.operations.ledger import Entry, Step
from headrace.operations.lifecycle import commits, incarnation, restore_points
from headrace.operations.lifecycle.checkpointing import await_checkpoint
from headrace.operations.lifecycle.incarnation import again, last_good, plan_of
from headrace.operations.lifecycle.operation_context import OperationContext
from headrace.operations.submission import Prepared
from headrace.planner.state.verdict import verdict


def run(context: OperationContext, entry: Entry, prepared: Prepared | None = None, then: Step = "running") -> Entry:
    """Submit the incarnation that `entry` tells of; its entry once it runs and has completed a checkpoint.

    One that does not is taken down: it has stored nothing. Raises PlatformError, or UserError where the operator can
    mend it.
    """
    if entry.release == context.release:
        context.keep_release()
    entry = context.write(entry)
    context.progress(f"{entry.job}: submitting")
    try:
        try:
            incarnation.launch(context, entry, prepared)
        except HeadraceError:
            # What fails while the job is there found it submitted already, by a deployer that was killed.
            if not context.cluster.alive(entry.flink_job_id):
                raise
        context.progress(f"{entry.job}: waiting for a checkpoint")
        await_checkpoint(context, entry.flink_job_id)
    except HeadraceError as error:
        if context.cluster.alive(entry.flink_job_id):
            context.cluster.cancel(entry.flink_job_id)
        context.write(replace(entry, step="failed", message=str(error)))
        raise
    return context.write(replace(entry, step=then))


def run_or_go_back(context: OperationContext, entry: Entry, prepared: Prepared | None, history: Sequence[Entry]) -> Entry:
    """As `run`; where the incarnation fails, the last good one of `history` runs again, from where it had stopped.

    Raises PlatformError that says which of them runs.
    """
    try:
        return run(context, entry, prepared)
    except HeadraceError as error:
        old = last_good(history, entry.flink_job_id)
        if old is None:
            raise
        try:
            _go_back(context, entry, old, error)
        except HeadraceError as second:
            raise PlatformError(list(dict.fromkeys([*error.problems, *second.problems]))) from None
        raise PlatformError(
            f"{entry.job} did not come up: {_first(error)}",
            fix=f"the version before it runs again, from where it had stopped: release {old.release[:12]}",
        ) from None


def _go_back(context: OperationContext, failed: Entry, old: Entry, error: HeadraceError) -> None:
    context.progress(f"{old.job}: it did not come up; starting the version before it again")
    history = context.ledger.history(old.job)
    start = restore_points.newest(context, history)
    if start is None:
        raise PlatformError(f"there is no savepoint to go back to: {old.job} does not run", context.cluster.rest)
    if start.flink_job_id == failed.flink_job_id:
        # It completed a checkpoint before it failed, and may have written: only from there on nothing comes twice.
        was, now = plan_of(failed), plan_of(old)
        told = verdict(was, now) if was and now else None
        if told is None or told.kind != "compatible":
            raise PlatformError(
                f"{old.job} failed after it had written, and the version before it cannot go on from there: "
                f"{told or 'its plan is not known'}",
                start.path,
                f"mend what fails and deploy again, or headrace restart {old.job} --from checkpoint",
            )
    commits.refuse_later(context, history, start)
    run(context, again(context, old, start.path, f"instead of {failed.flink_job_id}: {_first(error)}"), then="rolled back")


def _first(error: HeadraceError) -> str:
    return error.problems[0].what
