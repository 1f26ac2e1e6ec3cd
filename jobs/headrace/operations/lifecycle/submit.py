"""Start a job for the first time, from a savepoint that its operator names, or bounded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from headrace.environment import source_topics
from headrace.errors import UserError
from headrace.operations.ledger import Entry
from headrace.operations.lifecycle import (
    bounded_run,
    commits,
    incarnation,
    job_state,
    restore_points,
    retention_loss,
)
from headrace.operations.lifecycle.operation_context import OperationContext
from headrace.operations.lifecycle.start import run, run_bounded
from headrace.operations.lifecycle.table_ownership import refuse_beside_running
from headrace.project import job_folder
from headrace.project.job import Job


def submit(
    context: OperationContext,
    name: str,
    *,
    bounded: bool = False,
    parallelism: int | None = None,
    savepoint: str | None = None,
) -> Entry:
    """Start the job from `savepoint`, or without state: one that keeps every record starts where its tables end.

    A `bounded` one reads up to the current end of its topics and then ends; deploy does not start it again. The entry's
    message names the records that are lost because retention deleted them before they were read, the offsets at which a
    bounded job stops, and the topics that a savepoint does not know which is not in the ledger.

    Raises UserError if it runs already, or for what must be fixed; CheckFailed if the state cannot be kept, or if rows
    were written after the savepoint was taken; PlatformError if the job does not come up.
    """
    if bounded and savepoint:
        raise UserError("a bounded job starts where its tables end", fix="omit --from or --bounded")
    state = job_state.settled(context, name)
    if state.alive and state.before:
        raise UserError(
            f"{name} runs already, as job {state.before.flink_job_id}: a second one would store every record twice",
            context.cluster.rest,
            f"to have it run as its files say: headrace upgrade {name}",
        )
    refuse_beside_running(context, name)
    job_state.check_slots(context, state, parallelism or context.settings.slots_of(name))
    before = _left_by(context, state.history, savepoint) if savepoint else None
    folder = job_folder.load(context.project, name)
    topics = source_topics.of_job(context.project, context.settings, folder.job)
    restored = restore_points.topics_in(context, savepoint, topics) if savepoint and before is None else None
    successor = incarnation.successor(
        context, name, before, parallelism, goes_on=savepoint is not None, restored=restored, bounded=bounded
    )
    if successor.verdict:
        job_state.require_compatible(name, successor.verdict, accept_loss=False)
    messages = [
        None if savepoint else retention_loss.warning(context, folder),
        bounded_run.end_of(context, successor.prepared) if bounded else None,
        None if restored is None else _not_restored(folder.job, [each for each in topics if each not in restored]),
    ]
    entry = replace(successor.entry, savepoint=savepoint, message="; ".join(filter(None, messages)) or None)
    return (run_bounded if bounded else run)(context, entry, successor.prepared)


def _not_restored(job: Job, topics: Sequence[str]) -> str | None:
    """Return where the topics are read from that the savepoint does not know; None if it knows each."""
    where = "right after what the tables hold" if job.keeps_every_record else "their earliest records"
    return f"the savepoint has no offsets of {', '.join(topics)}: read from {where}" if topics else None


def _left_by(context: OperationContext, history: Sequence[Entry], savepoint: str) -> Entry | None:
    """Return the incarnation that left the savepoint; None if it is of a job that the ledger does not know.

    Raises UserError if there is no savepoint, or its path is relative, which Flink would look for elsewhere;
    CheckFailed if rows were written after it was taken.
    """
    if ":" not in savepoint and not savepoint.startswith("/"):
        fix = "write all of it: headrace savepoints list shows what is kept"
        raise UserError("the path of a savepoint begins with / or with its file system, such as s3:", savepoint, fix)
    point = restore_points.at(context, savepoint, history)
    if point is None:
        if not restore_points.exists(context, savepoint):
            what = "there is no complete savepoint or checkpoint here"
            raise UserError(what, savepoint, "headrace savepoints list shows what is kept")
        if restore_points.of_bounded(context, savepoint, history):
            what = (
                "a run with --bounded left this, and a job that continues from it would stop reading where the run did"
            )
            raise UserError(what, savepoint, "omit --from: a job that keeps every record starts where its tables end")
        return None
    commits.refuse_later(context, history, point)
    return next(entry for entry in history if entry.flink_job_id == point.flink_job_id)
