"""Finish what a killed deployer left incomplete, and write the outcome to the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from headrace.environment.flink_rest import Cluster
from headrace.errors import HeadraceError, PlatformError, UserError
from headrace.operations.ledger import TO_START_AGAIN, UNSETTLED, Entry
from headrace.operations.lifecycle import restore_points
from headrace.operations.lifecycle.operation_context import OperationContext
from headrace.operations.lifecycle.start import await_checkpoint, run


def finish_interrupted(context: OperationContext, history: Sequence[Entry]) -> Entry | None:
    """Make the job's last entry agree with the cluster, and return it; None for an empty history.

    At most one incarnation is on the cluster after this. Raises UserError if the job runs on another cluster.
    """
    if not history or history[-1].step not in UNSETTLED:
        return history[-1] if history else None
    last = history[-1]
    _refuse_elsewhere(context, last)
    job = context.cluster.listed(last.flink_job_id)
    bounded = last.flink_job_id in restore_points.bounded(history)
    if job and not job.ended:
        return last if bounded else _adopt(context, last)
    if bounded and job and job.state == "FINISHED":
        return context.write(replace(last, step="finished"))
    never_came = job is None and last.step == "submitting"
    if never_came and not restore_points.newest_of(context, last.flink_job_id, history):
        # The interrupted one may still arrive: of two submissions with the same id, Flink accepts only one.
        context.progress_of(last.job)("finishing a submission that was interrupted")
        return _try_again(context, last)
    how = f"found {job.state}" if job else "unknown to the cluster"
    how = how if bounded else f"{TO_START_AGAIN}: {how}"
    left = restore_points.newest_of(context, last.flink_job_id, history)
    return context.write(replace(last, step="stopped", savepoint=left.path if left else None, message=how))


def _adopt(context: OperationContext, last: Entry) -> Entry:
    """Return the entry of an incarnation that runs, after the first checkpoint of one that was being submitted."""
    if last.step != "submitting":
        return context.write(replace(last, step="running")) if last.step == "stopping" else last
    context.progress_of(last.job)("waiting for what an earlier deployer has submitted")
    try:
        await_checkpoint(context, last)
    except PlatformError as error:
        if context.cluster.alive(last.flink_job_id):
            context.cluster.cancel(last.flink_job_id)
        return context.write(replace(last, step="failed", message=str(error)))
    return context.write(replace(last, step="running"))


def _try_again(context: OperationContext, last: Entry) -> Entry:
    try:
        return run(context, last)
    except HeadraceError:
        return context.ledger.history(last.job)[-1]


def _refuse_elsewhere(context: OperationContext, last: Entry) -> None:
    if last.cluster == context.cluster.rest:
        return
    try:
        other = Cluster(last.cluster, context.settings.flink_tls()).running(last.job)
    except PlatformError:
        return
    if other and other.id == last.flink_job_id:
        raise UserError(
            f"{last.job} runs on another cluster, as job {other.id}",
            last.cluster,
            f"correct flink.rest of the environment; or, to move it, headrace stop {last.job} with flink.rest: "
            f"{last.cluster}, then this again",
        )
