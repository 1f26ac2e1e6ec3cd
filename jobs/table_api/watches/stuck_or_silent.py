"""Detect sensors that repeat one value for too long, or send nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from table_api.watches.watch import Reading


class Fault(NamedTuple):
    """A fault of a sensor. `since` and `detected_at` are microseconds since 1970; the value is in the tag's unit."""

    kind: Literal["stuck", "silent"]
    since: int
    detected_at: int
    last_value: float | None


class Seen(NamedTuple):
    """The last reading of a tag, and its run of good readings of one value.

    since, value: the first reading of the run; `since` is None if the last reading is in no run. reported: whether the
    run has been reported as stuck. Pickled in the state of jobs: the module, the name and the order of the fields must
    stay.
    """

    last_at: int
    last_value: float | None
    since: int | None
    value: float
    reported: bool


@dataclass(frozen=True)
class StuckOrSilent:
    """A watch that reports stuck and silent sensors.

    Stuck is a run of good readings within `deadband` of its first reading that lasts longer than `stuck_after`; each
    run is reported once. Silent is a period longer than `silent_after` without any reading. Both lengths are in
    microseconds, the deadband in the tag's unit.

    A reading that is not good, or has no value, ends a run. So does silence, because the value may have changed
    meanwhile.
    """

    stuck_after: int
    silent_after: int
    deadband: float

    def __post_init__(self) -> None:
        """Raise ValueError if a limit is out of range."""
        if not (self.stuck_after > 0 and self.silent_after > 0 and self.deadband >= 0):
            raise ValueError("stuck_after and silent_after must be above 0, and deadband must not be below 0")

    def reading(self, memory: Seen | None, reading: Reading) -> tuple[Seen, Fault | None]:
        """Return the memory after `reading`, and a fault if the sensor is found to be stuck."""
        at, value = reading.at, reading.value
        if value is None or not reading.good:
            return Seen(at, value, None, 0, reported=False), None
        if memory is None or memory.since is None or not abs(value - memory.value) <= self.deadband:
            return Seen(at, value, at, value, reported=False), None
        stuck = not memory.reported and at - memory.since > self.stuck_after
        after = memory._replace(last_at=at, last_value=value, reported=memory.reported or stuck)
        return after, Fault("stuck", memory.since, at, value) if stuck else None

    def deadline(self, memory: Seen) -> int:
        """Return the time, in microseconds, after which the tag is silent."""
        return memory.last_at + self.silent_after

    def ended(self, memory: Seen) -> Fault:
        """Return the fault of a silent tag."""
        return Fault("silent", memory.last_at, self.deadline(memory), memory.last_value)
