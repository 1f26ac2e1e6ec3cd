"""Lengths of intervals as people write them (15m, 8h, 1d in a time zone, 1mo), and time cut into such intervals."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

from headrace.errors import UserError
from headrace.historian.series.cells import Intervals
from headrace.historian.series.points import Ints

MAX_RESULTS = 5_000_000

_SPELLING = re.compile(r"(\d{1,12})\s*(us|ms|s|m|h|d|w|mo|y)")
_FIXED = {"us": 1, "ms": 1_000, "s": 1_000_000, "m": 60_000_000, "h": 3_600_000_000}
_DAYS = {"d": 1, "w": 7}
_MONTHS = {"mo": 1, "y": 12}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_US = timedelta(microseconds=1)
_NEVER = 2**62


@dataclass(frozen=True)
class Every:
    """The length of an interval: `amount` microseconds (`unit` "us"), calendar days ("d") or calendar months ("mo")."""

    amount: int
    unit: str

    @classmethod
    def parse(cls, text: str) -> Every:
        """Return the length of a text like `15m`, `8h` or `1d`.

        Units: us, ms, s, m and h are fixed; d, w, mo and y follow the calendar. Raises UserError for any other text and
        for a length of zero.
        """
        match = _SPELLING.fullmatch(text.strip())
        if not match:
            fix = "write a whole number and one of us, ms, s, m, h, d, w, mo, y: 15m, 8h, 1d"
            raise UserError(f"'{text}' is not a valid interval", fix=fix)
        amount, unit = int(match[1]), match[2]
        if amount == 0:
            raise UserError(f"the interval {text} has no length", fix="use one above zero")
        if unit in _FIXED:
            return cls(amount * _FIXED[unit], "us")
        return cls(amount * _DAYS[unit], "d") if unit in _DAYS else cls(amount * _MONTHS[unit], "mo")

    @property
    def shortest_us(self) -> int:
        """A lower bound on the length of any such interval, in microseconds.

        A clock change can shorten a day by hours, but never by half.
        """
        return self.amount * {"us": 1, "d": 12 * _FIXED["h"], "mo": 27 * 24 * _FIXED["h"]}[self.unit]


def zone(name: str) -> ZoneInfo:
    """Return the time zone of an IANA name. Raises UserError for an unknown one."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UserError(f"there is no time zone '{name}'", fix="use a name like Europe/Berlin or UTC") from None


def microseconds(time: datetime) -> int:
    """Return the microseconds from 1970, UTC, to `time`. Raises UserError for a time without a zone."""
    if time.tzinfo is None:
        raise UserError(f"{time.isoformat()} has no time zone", fix="add a zone or an offset: 2026-03-01T00:00:00Z")
    return (time - _EPOCH) // _US


def instant(us: int) -> datetime:
    """Return the time `us` microseconds after 1970, UTC."""
    return _EPOCH + timedelta(microseconds=us)


def cut(start: int, end: int, every: Every | None, where: ZoneInfo | None = None, tags: int = 1) -> Intervals:
    """Return the time from `start` to `end` (microseconds since 1970, UTC) in intervals of `every`.

    The last interval is cut short at `end`. Without `every` there is one interval. If `end` is before `start`, the
    intervals run back from `start`. Days and months are those of the calendar in `where` (default UTC): each interval
    starts at the same wall clock time, whether its day has 23, 24 or 25 hours. A wall clock time that a clock change
    skips moves forward by the length of the change (02:30 becomes 03:30); of one that occurs twice, the first counts; a
    day that a month does not have counts as its last day.

    Raises UserError if `start` equals `end`, or if `tags` times the number of intervals exceeds MAX_RESULTS.
    """
    if start == end:
        raise UserError("start and end are the same time", fix="choose a span of time")
    reverse = end < start
    count = 1 if every is None else abs(end - start) // every.shortest_us + 1
    if count * tags > MAX_RESULTS:
        what = f"{count:,} intervals of {tags:,} tag(s) are more than {MAX_RESULTS:,} results"
        raise UserError(what, fix="use longer intervals, less time or fewer tags")
    edges = np.array([start]) if every is None else _edges(start, end, every, where or ZoneInfo("UTC"))
    whole = len(edges) - 1
    if edges[-1] != end:
        edges = np.append(edges, end)
    truncated = (np.arange(len(edges) - 1) >= whole) & (every is not None)
    earlier, later = (edges[1:], edges[:-1]) if reverse else (edges[:-1], edges[1:])
    return Intervals(earlier, later, truncated, reverse)


def step(start: int, every: Every, count: int, where: ZoneInfo) -> int:
    """Return the time `count` intervals after `start`, or before it for a negative count (microseconds, UTC)."""
    if every.unit == "us":
        return start + count * every.amount
    origin = instant(start).astimezone(where).replace(tzinfo=None)
    return _later(origin, count * every.amount, every.unit, where)


def _edges(start: int, end: int, every: Every, where: ZoneInfo) -> Ints:
    sign = -1 if end < start else 1
    if every.unit == "us":
        return start + sign * np.arange(abs(end - start) // every.amount + 1) * every.amount
    edges = [start]
    while (edge := step(start, every, sign * len(edges), where)) * sign <= end * sign:
        edges.append(edge)
    return np.array(edges)


def _later(origin: datetime, amount: int, unit: str, where: ZoneInfo) -> int:
    """Return the instant at which the wall clock in `where` shows `amount` days or months after `origin`."""
    try:
        if unit == "d":
            wall = origin + timedelta(days=amount)
        else:
            year, month = divmod(origin.year * 12 + origin.month - 1 + amount, 12)
            wall = origin.replace(year=year, month=month + 1, day=min(origin.day, monthrange(year, month + 1)[1]))
    except (OverflowError, ValueError):
        return -_NEVER if amount < 0 else _NEVER
    return microseconds(wall.replace(tzinfo=where))
