"""Stop a running job in order: all that it has read is committed, and a savepoint tells where it stopped."""

from __future__ import annotations

from dataclasses import dataclass, replace

from headrace.errors import CheckFailed, PlatformError, UserError
from headrace.operations.ledger import Entry
from headrace.operations.lifecycle import restore_points
from headrace.operations.lifecycle.finish_interrupted import finish_interrupted
from headrace.operations.lifecycle.operation_context import OperationContext


def stop(context: OperationContext, name: str) -> Entry:
    """Stop the job. Raises UserError where it does not run, PlatformError where no savepoint can be had."""
    stood = finish_interrupted(context, context.ledger.history(name))
    if stood is None or not context.cluster.alive(stood.flink_job_id):
        raise UserError(f"{name} does not run", context.cluster.rest)
    return halt(context, stood)


@dataclass(frozen=True)
class Unknown:
    """A job that ran without the ledger knowing of it: it was submitted bounded, or by hand."""

    id: str
    savepoint: str


def stop_unknown(context: OperationContext, name: str) -> Unknown | None:
    """Stop what runs by the name, where the ledger has another incarnation in mind, or none; None where there is none.

    Raises PlatformError where no savepoint can be had.
    """
    running = context.cluster.running(name)
    known = {entry.flink_job_id for entry in context.ledger.history(name)}
    return Unknown(running.id, context.cluster.stop(running.id)) if running and running.id not in known else None


def halt(context: OperationContext, entry: Entry) -> Entry:
    """Stop the running incarnation with a savepoint; one that is failing is ended, and left at its last checkpoint."""
    context.progress(f"{entry.job}: stopping with a savepoint")
    stopping = context.write(replace(entry, step="stopping", message=None))
    if context.cluster.state(entry.flink_job_id) == "RUNNING":
        try:
            savepoint = context.cluster.stop(entry.flink_job_id)
        except PlatformError as error:
            if context.cluster.alive(entry.flink_job_id):
                context.write(replace(entry, step="running", message=str(error)))
            raise
        return context.write(replace(stopping, step="stopped", savepoint=savepoint))
    cause = context.cluster.last_failure(entry.flink_job_id)
    return end(context, stopping, f"it was failing, so no savepoint could be had: {cause}")


def end(context: OperationContext, entry: Entry, why: str) -> Entry:
    """End the incarnation as it stands; it leaves its last checkpoint. Raises CheckFailed where that would go too."""
    if context.cluster.checkpoints(entry.flink_job_id).completed and not context.cluster.retains(entry.flink_job_id):
        raise CheckFailed(
            f"{entry.job} would take its checkpoints with it, and could not go on from where it is",
            context.cluster.rest,
            "have them kept: execution.checkpointing.externalized-checkpoint-retention: RETAIN_ON_CANCELLATION",
        )
    context.cluster.cancel(entry.flink_job_id)
    left = restore_points.last_of(context, entry.flink_job_id, context.ledger.history(entry.job))
    return context.write(replace(entry, step="stopped", savepoint=left.path if left else None, message=why))
