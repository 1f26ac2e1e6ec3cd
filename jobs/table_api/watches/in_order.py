"""One tag's readings in the order of their times, whatever order they come in."""

from __future__ import annotations

from dataclasses import dataclass, field
from operator import itemgetter
from typing import Generic

from table_api.watches.watch import Event_co, Memory, Reading, Watch


@dataclass(slots=True)
class Line(Generic[Memory]):
    """What is kept of one tag: the readings that wait for the watermark, as they came, and the memory of those before.

    `timer` is the time, in milliseconds, for which a timer is set, if any.
    """

    waiting: list[Reading] = field(default_factory=list)
    memory: Memory | None = None
    timer: int | None = None


def advance(watch: Watch[Memory, Event_co], line: Line[Memory], until: int | None) -> list[Event_co]:
    """Show the watch the readings up to `until`, in microseconds, now that no earlier one can come; returns its events.

    Of readings of one time the last to come counts. None is the end of all input: all that waits is shown, and nothing
    is known of the time after it.
    """
    ready = sorted((r for r in line.waiting if until is None or r.at <= until), key=itemgetter(0))
    line.waiting = [r for r in line.waiting if until is not None and r.at > until]
    events: list[Event_co] = []
    for reading in {reading.at: reading for reading in ready}.values():
        events += _ended(watch, line, reading.at - 1)
        line.memory, event = watch.reading(line.memory, reading)
        events += [event] if event else []
    return events if until is None else [*events, *_ended(watch, line, until)]


def wake(watch: Watch[Memory, Event_co], line: Line[Memory]) -> int | None:
    """The first time, in microseconds, up to which `advance` would have something to do; None where nothing is kept."""
    times = [reading.at for reading in line.waiting]
    if line.memory is not None:
        times.append(watch.deadline(line.memory))
    return min(times, default=None)


def _ended(watch: Watch[Memory, Event_co], line: Line[Memory], until: int) -> list[Event_co]:
    if line.memory is None or watch.deadline(line.memory) > until:
        return []
    event = watch.ended(line.memory)
    line.memory = None
    return [event]
