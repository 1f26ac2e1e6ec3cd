"""Periods over a limit as events with a start and an end: event frames, as in historians and ISA-95."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from table_api.watches.watch import Reading


class Frame(NamedTuple):
    """A period over the limit. Times are microseconds since 1970; values are in the tag's unit.

    closed_by: condition if a reading below the limit ended it, gap if readings stopped.
    """

    started_at: int
    ended_at: int
    duration_s: float
    max_value: float
    max_at: int
    mean_value: float
    readings: int
    closed_by: Literal["condition", "gap"]


class Open(NamedTuple):
    """A frame that has begun.

    Pickled in the state of jobs: its module, its name and the order of its fields must stay.
    """

    started_at: int
    last_at: int
    max_value: float
    max_at: int
    total: float
    readings: int


@dataclass(frozen=True)
class EventFrames:
    """A watch that makes frames of good readings.

    A frame begins with the first reading above `start_above` and ends at the first reading below `end_below`, which is
    not part of it. If no good reading follows within `gap_after` microseconds, the frame ends with the last one.

    A reading that is not good, or has no value, is ignored.
    """

    start_above: float
    end_below: float
    gap_after: int

    def __post_init__(self) -> None:
        """Raise ValueError if the limits contradict each other."""
        if not self.end_below <= self.start_above:
            raise ValueError(f"end_below ({self.end_below}) is above start_above ({self.start_above})")
        if not self.gap_after > 0:
            raise ValueError("gap_after must be above 0")

    def reading(self, memory: Open | None, reading: Reading) -> tuple[Open | None, Frame | None]:
        """Return the open frame after `reading`, and the frame that it ends, if any."""
        at, value = reading.at, reading.value
        if value is None or not reading.good:
            return memory, None
        if memory is None:
            return (Open(at, at, value, at, value, 1), None) if value > self.start_above else (None, None)
        if value < self.end_below:
            return None, _closed(memory, at, "condition")
        top, top_at = (value, at) if value > memory.max_value else (memory.max_value, memory.max_at)
        return Open(memory.started_at, at, top, top_at, memory.total + value, memory.readings + 1), None

    def deadline(self, memory: Open) -> int:
        """Return the time, in microseconds, until which the frame waits for a good reading."""
        return memory.last_at + self.gap_after

    def ended(self, memory: Open) -> Frame:
        """Return the frame, ended by a gap at its last reading."""
        return _closed(memory, memory.last_at, "gap")


def _closed(memory: Open, at: int, by: Literal["condition", "gap"]) -> Frame:
    return Frame(
        memory.started_at,
        at,
        (at - memory.started_at) / 1e6,
        memory.max_value,
        memory.max_at,
        memory.total / memory.readings,
        memory.readings,
        by,
    )
