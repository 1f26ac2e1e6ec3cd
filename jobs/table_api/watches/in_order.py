"""Pass the readings of one tag to a watch in the order of their times, whatever the order of arrival."""

from __future__ import annotations

from dataclasses import dataclass, field
from operator import itemgetter
from typing import Generic

from table_api.watches.watch import Event_co, Memory, Reading, Watch


@dataclass(slots=True)
class Line(Generic[Memory]):
    """The state of one tag. Pickled in savepoints: its module, its name and the names of its fields must stay.

    waiting: the readings that the watermark has not passed yet, in the order of arrival. memory: what the watch
    remembers of earlier readings. timer: the time, in milliseconds, for which a timer is set, if any.
    """

    waiting: list[Reading] = field(default_factory=list)
    memory: Memory | None = None
    timer: int | None = None


def advance(watch: Watch[Memory, Event_co], line: Line[Memory], until: int | None) -> list[Event_co]:
    """Pass to the watch the readings up to `until`, now that no earlier one can arrive; return its events in order.

    until: a time in microseconds. Of readings with the same time, the last to arrive counts. None is the end of all
    input: all waiting readings are passed, and deadlines after the last of them are not evaluated.
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
    """Return the next time, in microseconds, at which `advance` has something to do; None if the line is empty."""
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
