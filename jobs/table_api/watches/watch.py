"""The protocol of a watch: pure functions of a reading of one tag and a memory of its earlier readings."""

from __future__ import annotations

from typing import NamedTuple, Protocol, TypeVar

Memory = TypeVar("Memory")
Event_co = TypeVar("Event_co", bound="tuple[object, ...]", covariant=True)


class Reading(NamedTuple):
    """A reading of a tag, `at` microseconds since 1970.

    Pickled in the state of jobs: its module, its name and the order of its fields must stay.
    """

    at: int
    value: float | None
    good: bool


class Watch(Protocol[Memory, Event_co]):
    """Watches one tag. Its memory ends at a deadline, so that a tag that is no longer sent is forgotten."""

    def reading(self, memory: Memory | None, reading: Reading) -> tuple[Memory | None, Event_co | None]:
        """Return the memory after the next reading, and the event that the reading reveals, if any."""

    def deadline(self, memory: Memory) -> int:
        """Return the time, in microseconds, at which the memory ends if no reading arrives until then."""

    def ended(self, memory: Memory) -> Event_co:
        """Return the event that the end of the memory reveals."""
