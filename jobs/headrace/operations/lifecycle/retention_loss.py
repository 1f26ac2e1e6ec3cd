"""Records that retention deleted before a job had read them: a start where its tables end passes over them."""

from __future__ import annotations

from dataclasses import dataclass

from headrace.environment import iceberg, kafka, source_topics
from headrace.operations.lifecycle.operation_context import OperationContext
from headrace.operations.stored_offsets import stored
from headrace.project.job_folder import JobFolder


@dataclass(frozen=True)
class Start:
    """The start of a job that keeps every record in one topic: what is lost, one sentence per partition, and the rest.

    `waiting` is the number of offsets from the start to the end of the topic.
    """

    topic: str
    lost: tuple[str, ...]
    waiting: int


def starts(context: OperationContext, folder: JobFolder) -> list[Start]:
    """Return the starts of the job in its topics, right after the last record that its tables hold.

    Raises PlatformError if the broker or the catalog does not answer, and UserError if a topic does not exist.
    """
    topics = source_topics.of_job(context.project, context.settings, folder.job)
    return [_start(context, folder, topic) for topic in topics]


def warning(context: OperationContext, folder: JobFolder) -> str | None:
    """Return what a start without state passes over; None if nothing, or if the job does not keep every record."""
    if not folder.job.keeps_every_record:
        return None
    return "; ".join(sentence for start in starts(context, folder) for sentence in start.lost) or None


def _start(context: OperationContext, folder: JobFolder, topic: str) -> Start:
    spans = kafka.offset_ranges(context.settings.kafka_client(), topic)
    kept = stored(iceberg.connect(context.settings), folder.job, topic)
    ends = {p: int(each.offsets[-1]) + 1 for p, each in kept.items() if p in spans}
    lost = tuple(
        f"up to {spans[p].first - end:,} records of {topic} are lost, offsets {end} to {spans[p].first - 1} of "
        f"partition {p}: retention deleted them before they were read"
        for p, end in ends.items()
        if end < spans[p].first
    )
    waiting = sum(max(0, span.end - max(ends.get(p, 0), span.first)) for p, span in spans.items())
    return Start(topic, lost, waiting)
