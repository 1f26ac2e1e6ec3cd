"""What a watch is: pure functions of one tag's readings and of what is remembered of those before."""

from __future__ import annotations

from typing import NamedTuple, Protocol, TypeVar

Memory = TypeVar("Memory")
Event_co = TypeVar("Event_co", bound="tuple[object, ...]", covariant=True)


class Reading(NamedTuple):
    """A reading of a tag, `at` so many microseconds since 1970."""

    at: int
    value: float | None
    good: bool


class Watch(Protocol[Memory, Event_co]):
    """Watches one tag. Its memory ends at a deadline, so that no tag is remembered that is no longer sent."""

    def reading(self, memory: Memory | None, reading: Reading) -> tuple[Memory | None, Event_co | None]:
        """The memory after the next reading, and the event that the reading makes known, if any."""

    def deadline(self, memory: Memory) -> int:
        """The time, in microseconds, at which the memory ends if no reading comes until then."""

    def ended(self, memory: Memory) -> Event_co:
        """The event that the end of the memory makes known."""
