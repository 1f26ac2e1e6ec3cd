"""Stop a running job cleanly: all that it has read is committed, and a savepoint marks where it stopped."""

from __future__ import annotations

from dataclasses import dataclass, replace

from headrace.errors import CheckFailed, PlatformError, Problem, UserError
from headrace.operations.ledger import Entry
from headrace.operations.lifecycle import restore_points
from headrace.operations.lifecycle.finish_interrupted import finish_interrupted
from headrace.operations.lifecycle.operation_context import OperationContext


def stop(context: OperationContext, name: str) -> Entry:
    """Stop the job, or have it stay stopped if it was to start again.

    Raises UserError if it does not run, PlatformError if it cannot take a savepoint.
    """
    last = finish_interrupted(context, context.ledger.history(name))
    if last and last.is_to_start_again:
        return context.write(replace(last, message=None))
    if last is None or not context.cluster.alive(last.flink_job_id):
        raise UserError(f"{name} does not run", context.cluster.rest)
    return stop_with_savepoint(context, last)


@dataclass(frozen=True)
class UnknownJob:
    """A job that ran without being in the ledger: it was submitted by hand."""

    id: str
    savepoint: str


def stop_unknown(context: OperationContext, name: str) -> UnknownJob | None:
    """Stop the job that runs under the name and is not in the ledger; return None if there is none.

    Raises PlatformError if it cannot take a savepoint.
    """
    running = context.cluster.running(name)
    known = {entry.flink_job_id for entry in context.ledger.history(name)}
    return UnknownJob(running.id, context.cluster.stop(running.id)) if running and running.id not in known else None


def stop_with_savepoint(context: OperationContext, entry: Entry, message: str | None = None) -> Entry:
    """Stop the running incarnation with a savepoint; one that is failing is cancelled and keeps its last checkpoint.

    message: TO_START_AGAIN if the job is started again after this: if that fails, or its deployer dies, it is not well.

    A bounded incarnation commits what it has read, and leaves no savepoint that a job could continue from.
    """
    context.progress_of(entry.job)("stopping with a savepoint")
    stopping = context.write(replace(entry, step="stopping", message=None))
    if context.cluster.state(entry.flink_job_id) == "RUNNING":
        try:
            savepoint = context.cluster.stop(entry.flink_job_id)
        except PlatformError as error:
            if not context.cluster.alive(entry.flink_job_id):
                raise
            context.write(replace(entry, step="running", message=str(error)))
            raise PlatformError([*map(_runs_on, error.problems)]) from None
        if entry.flink_job_id in restore_points.bounded(context.ledger.history(entry.job)):
            return context.write(replace(stopping, step="stopped", message="stopped before it had finished"))
        return context.write(replace(stopping, step="stopped", savepoint=savepoint, message=message))
    cause = context.cluster.last_failure(entry.flink_job_id)
    why = f"it was failing and could not take a savepoint: {cause}"
    return cancel(context, stopping, f"{message}; {why}" if message else why)


def _runs_on(problem: Problem) -> Problem:
    """Return the problem of a job that could not be stopped, with what to do."""
    fix = problem.fix or "see that the cluster can write its folder for savepoints, and that checkpoints complete"
    return replace(problem, fix=f"the job runs on as before; {fix}, then try again")


def cancel(context: OperationContext, entry: Entry, why: str) -> Entry:
    """Cancel the incarnation, which keeps its last checkpoint. Raises CheckFailed if Flink would delete that."""
    cluster = context.cluster
    if cluster.checkpoints(entry.flink_job_id).completed and not cluster.retains(entry.flink_job_id):
        raise CheckFailed(
            f"cancelling {entry.job} would delete its checkpoints, and it could not continue from where it is",
            cluster.rest,
            "have them kept: execution.checkpointing.externalized-checkpoint-retention: RETAIN_ON_CANCELLATION",
        )
    cluster.cancel(entry.flink_job_id)
    left = restore_points.newest_of(context, entry.flink_job_id, context.ledger.history(entry.job))
    return context.write(replace(entry, step="stopped", savepoint=left.path if left else None, message=why))
