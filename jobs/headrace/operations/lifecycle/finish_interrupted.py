"""Finish what a deployer that was killed has left half-done, and find out where a job really stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from headrace.environment.flink_rest import Cluster
from headrace.errors import HeadraceError, PlatformError, UserError
from headrace.operations.ledger import ALIVE, Entry
from headrace.operations.lifecycle import restore_points
from headrace.operations.lifecycle.checkpointing import await_checkpoint
from headrace.operations.lifecycle.operation_context import OperationContext
from headrace.operations.lifecycle.start import run


def finish_interrupted(context: OperationContext, history: Sequence[Entry]) -> Entry | None:
    """The job's last entry, once it says what is so: it runs, or it has stopped or failed; None for an empty history.

    Exactly one incarnation is on the cluster after this, or none. Raises UserError where another cluster has it.
    """
    if not history or history[-1].step not in ALIVE:
        return history[-1] if history else None
    last = history[-1]
    _refuse_elsewhere(context, last)
    found = context.cluster.listed(last.flink_job_id)
    if found and not found.ended:
        return _adopted(context, last)
    if found is None and last.step == "submitting" and not restore_points.last_of(context, last.flink_job_id, history):
        # It may be on its way even now: with the same id, Flink takes one of the two.
        context.progress(f"{last.job}: finishing a submission that was cut off")
        return _tried(context, last)
    how = f"found {found.state}" if found else "unknown to the cluster"
    left = restore_points.last_of(context, last.flink_job_id, history)
    return context.write(replace(last, step="stopped", savepoint=left.path if left else None, message=how))


def _adopted(context: OperationContext, last: Entry) -> Entry:
    """The incarnation that runs; one that has not proved itself yet gets the time to."""
    if last.step != "submitting":
        return context.write(replace(last, step="running")) if last.step == "stopping" else last
    context.progress(f"{last.job}: waiting for what a deployer before has submitted")
    try:
        await_checkpoint(context, last.flink_job_id)
    except PlatformError as error:
        if context.cluster.alive(last.flink_job_id):
            context.cluster.cancel(last.flink_job_id)
        return context.write(replace(last, step="failed", message=str(error)))
    return context.write(replace(last, step="running"))


def _tried(context: OperationContext, last: Entry) -> Entry:
    try:
        return run(context, last)
    except HeadraceError:
        return context.ledger.history(last.job)[-1]


def _refuse_elsewhere(context: OperationContext, last: Entry) -> None:
    if last.cluster == context.cluster.rest:
        return
    try:
        other = Cluster(last.cluster).running(last.job)
    except PlatformError:
        return
    if other and other.id == last.flink_job_id:
        raise UserError(f"{last.job} runs on another cluster, as job {other.id}", last.cluster, "stop it there first")
