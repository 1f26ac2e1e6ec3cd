"""The span of a replay: which offsets of a topic hold the records of a span of time, by the times of the records."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime

from headrace.environment import kafka, kafka_records
from headrace.environment.kafka import OffsetRange

LOOK_AHEAD = 1_000
"""Records after the span that are looked at: a record whose time is ahead of its neighbours' does not end the span."""
LOOK_AHEAD_BYTES = 16 * 2**20
"""Their bytes, if this is reached before."""

Times = tuple[datetime, datetime | None]
"""From the first time up to but not including the second one, or up to the present end."""
Records = Iterable[tuple[int, datetime, int]]
"""Offset, time and size in bytes of records, by offset."""


@dataclass(frozen=True)
class Span:
    """The offsets of a topic, [start, end) by partition, and `notes` about them for whoever asked."""

    starts: Mapping[int, int]
    ends: Mapping[int, int]
    notes: tuple[str, ...] = ()

    @property
    def records(self) -> int:
        """The most records that it has: offsets without one count as well."""
        return sum(end - self.starts[partition] for partition, end in self.ends.items())


def of_topic(client: Mapping[str, str], topic: str, times: Times) -> Span:
    """Return the span of the topic's records whose times are in `times`.

    It begins at the first of them and ends after the last one. In between, records of other times may stand. Raises
    UserError for an unknown topic, PlatformError if the broker does not answer.
    """
    since, until = times
    held = kafka.offset_ranges(client, topic)
    first = kafka.offsets_at(client, topic, since)
    last = kafka.offsets_at(client, topic, until) if until else {}
    starts, ends, notes = {}, {}, []
    for partition, span in held.items():

        def records(offset: int, partition: int = partition, end: int = span.end) -> Records:
            return _records(client, topic, partition, offset, end)

        starts[partition], ends[partition] = offsets(span, times, first.get(partition), last.get(partition), records)
        if span.first and starts[partition] == span.first:
            notes.append(f"{topic}/{partition} begins at offset {span.first:,}: what came before is gone")
        if span.hidden and ends[partition] == span.end:
            notes.append(f"{topic}/{partition} is read up to {span.end:,}: {span.hidden_reason}")
    if until and until > datetime.now(UTC):
        notes.append(f"{topic} is read up to its present end: --until is in the future")
    return Span(starts, ends, tuple(notes))


def offsets(
    held: OffsetRange, times: Times, first: int | None, last: int | None, records: Callable[[int], Records]
) -> tuple[int, int]:
    """Return where the records of the times begin and end in a partition; twice the same if there is none.

    first, last: offsets that the broker knows for the two times, None without one. They may be those of marks that end
    transactions, or of records whose time is ahead of their neighbours', which may be long before the records of that
    time. So `records(offset)`, the records from an offset on, are looked at there.
    """
    since, until = times
    if first is None or first >= held.end:
        return held.end, held.end
    start = next((at for at, time, _ in records(first) if since <= time and (until is None or time < until)), held.end)
    if until is None or last is None or start == held.end:
        return start, held.end
    end, after, size = max(start, min(last, held.end)), 0, 0
    for at, time, each in records(end):
        if since <= time < until:
            end, after, size = at + 1, 0, 0
        else:
            after, size = after + 1, size + each
        if after == LOOK_AHEAD or size >= LOOK_AHEAD_BYTES:
            break
    return start, end


def held(client: Mapping[str, str], topic: str) -> str:
    """Return from when the records are that the topic holds, as a sentence."""
    held = kafka.offset_ranges(client, topic)
    ends = [at for partition, each in held.items() for at in _edges(client, topic, partition, each)]
    if not ends:
        return f"{topic} holds no record"
    gone = "; what came before is gone" if any(each.first for each in held.values()) else ""
    return f"{topic} holds records from {_clock(min(ends))} to {_clock(max(ends))}{gone}"


def _edges(client: Mapping[str, str], topic: str, partition: int, held: OffsetRange) -> list[datetime]:
    """Return the times of the first record of a partition and of one of its last ones."""
    first = next(iter(_records(client, topic, partition, held.first, held.end)), None)
    # The last offset may be that of a mark.
    last = [time for _, time, _ in _records(client, topic, partition, max(held.first, held.end - 2), held.end)]
    return [time for time in (first and first[1], *last) if time]


def _records(client: Mapping[str, str], topic: str, partition: int, first: int, end: int) -> Records:
    if first >= end:
        return
    with closing(kafka_records.messages(client, topic, partition, first)) as found:
        for message in found:
            at = message.offset()
            if at < end:
                yield at, datetime.fromtimestamp(message.timestamp()[1] / 1000, UTC), len(message.value() or b"")
            if at >= end - 1:  # not to wait for the next one
                return


def _clock(time: datetime) -> str:
    return f"{time:%Y-%m-%d %H:%M:%S} UTC"
