"""The readings that a query selects, and whether a file or row group with given bounds can hold any of them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

from pyiceberg.expressions import (
    And,
    BooleanExpression,
    GreaterThanOrEqual,
    In,
    LessThan,
    LessThanOrEqual,
)

from headrace.historian.series.intervals import instant, microseconds

EARLIEST, LATEST = (microseconds(edge.replace(tzinfo=UTC)) for edge in (datetime.min, datetime.max))
"""The earliest and the latest time that a reading can have, microseconds since 1970, UTC."""


@dataclass(frozen=True)
class Predicate:
    """Selects the readings of the tags `names` from `start` to before `end` (microseconds since 1970, UTC)."""

    names: Sequence[str]
    start: int
    end: int

    @cached_property
    def filter(self) -> BooleanExpression:
        """The predicate as a pyiceberg expression."""
        # pydantic hides the expressions' own __init__ from mypy.
        # pyiceberg does not evaluate In on bounds if it has more than 200 names, but it does evaluate a range.
        return And(
            In("tag", set(self.names)),  # type: ignore[call-arg,arg-type]
            GreaterThanOrEqual("tag", min(self.names)),  # type: ignore[call-arg,arg-type]
            LessThanOrEqual("tag", max(self.names)),  # type: ignore[call-arg,arg-type]
            during(self.start, self.end),
        )

    @cached_property
    def encoded(self) -> list[bytes]:
        """The tags in UTF-8, sorted, as bounds store them."""
        return sorted(name.encode() for name in self.names)


@dataclass(frozen=True)
class Bounds:
    """The bounds of a file or row group: tags in UTF-8 from `low` to `high`, times from `first` to `last`.

    Both ends are included; times are microseconds since 1970, UTC; None is an unknown bound.
    """

    low: bytes | None
    high: bytes | None
    first: int | None
    last: int | None

    def reach(self, start: int, end: int) -> bool:
        """Return whether there may be readings from `start` to before `end`."""
        return (self.first is None or self.first < end) and (self.last is None or self.last >= start)

    def may_hold(self, predicate: Predicate) -> bool:
        """Return whether there may be readings that match `predicate`."""
        if not self.reach(predicate.start, predicate.end):
            return False
        at = 0 if self.low is None else bisect_left(predicate.encoded, self.low)
        return at < len(predicate.encoded) and (self.high is None or predicate.encoded[at] <= self.high)


def during(start: int, end: int) -> BooleanExpression:
    """Return an expression that selects readings from `start` to before `end` (microseconds since 1970, UTC)."""
    return And(
        GreaterThanOrEqual("ts", _iso(start)),  # type: ignore[call-arg,arg-type]
        LessThan("ts", _iso(end)),  # type: ignore[call-arg,arg-type]
    )


def _iso(ts: int) -> str:
    return instant(min(max(ts, EARLIEST), LATEST)).isoformat()
