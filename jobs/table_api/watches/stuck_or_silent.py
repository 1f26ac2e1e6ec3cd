"""Sensors that say the same for too long, or nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from table_api.watches.watch import Reading


class Fault(NamedTuple):
    """`since` and `detected_at` are microseconds since 1970."""

    kind: Literal["stuck", "silent"]
    since: int
    detected_at: int
    last_value: float | None


class Seen(NamedTuple):
    """The last reading, and where its run of good readings of one value began: `since` is None where it is in none."""

    last_at: int
    last_value: float | None
    since: int | None
    value: float
    told: bool


@dataclass(frozen=True)
class StuckOrSilent:
    """Tells once of each run of good readings within `deadband` of its first that is longer than `stuck_after`, and of
    each time longer than `silent_after` without any reading. Lengths of time are in microseconds.

    A reading that is not good, or is no number, ends a run, and so does silence: what was not seen may have changed.
    """

    stuck_after: int
    silent_after: int
    deadband: float

    def __post_init__(self) -> None:
        if not (self.stuck_after > 0 and self.silent_after > 0 and self.deadband >= 0):
            raise ValueError("stuck_after and silent_after are above 0, and deadband is not below")

    def reading(self, memory: Seen | None, reading: Reading) -> tuple[Seen, Fault | None]:
        at, value = reading.at, reading.value
        if value is None or not reading.good:
            return Seen(at, value, None, 0, told=False), None
        if memory is None or memory.since is None or not abs(value - memory.value) <= self.deadband:
            return Seen(at, value, at, value, told=False), None
        stuck = not memory.told and at - memory.since > self.stuck_after
        after = memory._replace(last_at=at, last_value=value, told=memory.told or stuck)
        return after, Fault("stuck", memory.since, at, value) if stuck else None

    def deadline(self, memory: Seen) -> int:
        return memory.last_at + self.silent_after

    def ended(self, memory: Seen) -> Fault:
        return Fault("silent", memory.last_at, self.deadline(memory), memory.last_value)
