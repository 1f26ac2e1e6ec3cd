"""Intervals as people name them: 15m, 8h, 1d in a zone, 1mo; and the question's time cut into them."""

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
    """How long an interval is: `amount` microseconds, or that many days or months of the zone's calendar."""

    amount: int
    unit: str

    @classmethod
    def parse(cls, text: str) -> Every:
        """`15m`, `8h`, `1d`: us, ms, s, m, h; d, w, mo, y by the calendar. Raises UserError."""
        match = _SPELLING.fullmatch(text.strip())
        if not match:
            fix = "a whole number and one of us, ms, s, m, h, d, w, mo, y: 15m, 8h, 1d"
            raise UserError(f"'{text}' is no interval", fix=fix)
        amount, unit = int(match[1]), match[2]
        if amount == 0:
            raise UserError(f"an interval of {text} never ends", fix="give one above zero")
        if unit in _FIXED:
            return cls(amount * _FIXED[unit], "us")
        return cls(amount * _DAYS[unit], "d") if unit in _DAYS else cls(amount * _MONTHS[unit], "mo")

    @property
    def shortest_us(self) -> int:
        """No interval of this kind is shorter, in microseconds: a day may lose hours to the clocks, never half."""
        return self.amount * {"us": 1, "d": 12 * _FIXED["h"], "mo": 27 * 24 * _FIXED["h"]}[self.unit]


def zone(name: str) -> ZoneInfo:
    """The zone of an IANA name. Raises UserError."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UserError(f"there is no zone '{name}'", fix="name one like Europe/Berlin or UTC") from None


def microseconds(time: datetime) -> int:
    """Since 1970, UTC. Raises UserError for a time without zone."""
    if time.tzinfo is None:
        raise UserError(f"{time.isoformat()} has no zone", fix="give it one, or an offset: 2026-03-01T00:00:00Z")
    return (time - _EPOCH) // _US


def instant(us: int) -> datetime:
    """The time so many microseconds after 1970, UTC."""
    return _EPOCH + timedelta(microseconds=us)


def cut(start: int, end: int, every: Every | None, where: ZoneInfo | None = None, tags: int = 1) -> Intervals:
    """The time from `start` to `end` (microseconds, UTC) in intervals of `every`, the last cut short at `end`.

    Without `every` it is one interval. Where `end` is before `start` the intervals run back from `start`. Days and
    months are those of the calendar of `where` (UTC where not given): the same wall clock time, whether the day has
    23, 24 or 25 hours; a wall clock time that a change of clocks skips is as long after it as it would have been, of
    one that comes twice the first counts; a day that a month does not have is its last. Raises UserError where there
    is no time, or where `tags` such answers are more than MAX_RESULTS.
    """
    if start == end:
        raise UserError("start and end are the same time", fix="ask for a span of time")
    reverse = end < start
    count = 1 if every is None else abs(end - start) // every.shortest_us + 1
    if count * tags > MAX_RESULTS:
        what = f"{count:,} intervals of {tags:,} tag(s) are more than {MAX_RESULTS:,} results"
        raise UserError(what, fix="ask for longer intervals, less time, or fewer tags")
    edges = np.array([start]) if every is None else _edges(start, end, every, where or ZoneInfo("UTC"))
    whole = len(edges) - 1
    if edges[-1] != end:
        edges = np.append(edges, end)
    truncated = (np.arange(len(edges) - 1) >= whole) & (every is not None)
    earlier, later = (edges[1:], edges[:-1]) if reverse else (edges[:-1], edges[1:])
    return Intervals(earlier, later, truncated, reverse)


def step(start: int, every: Every, count: int, where: ZoneInfo) -> int:
    """The time `count` intervals after `start`, before it where negative (microseconds since 1970, UTC)."""
    if every.unit == "us":
        return start + count * every.amount
    origin = instant(start).astimezone(where).replace(tzinfo=None)
    return _later(origin, count * every.amount, every.unit, where)


def _edges(start: int, end: int, every: Every, where: ZoneInfo) -> Ints:
    sign = -1 if end < start else 1
    if every.unit == "us":
        return start + sign * np.arange(abs(end - start) // every.amount + 1) * every.amount
    found = [start]
    while (edge := step(start, every, sign * len(found), where)) * sign <= end * sign:
        found.append(edge)
    return np.array(found)


def _later(origin: datetime, amount: int, unit: str, where: ZoneInfo) -> int:
    """The instant at which the wall clock of `where` has moved `amount` days or months on from `origin`."""
    try:
        if unit == "d":
            wall = origin + timedelta(days=amount)
        else:
            year, month = divmod(origin.year * 12 + origin.month - 1 + amount, 12)
            wall = origin.replace(year=year, month=month + 1, day=min(origin.day, monthrange(year, month + 1)[1]))
    except (OverflowError, ValueError):
        return -_NEVER if amount < 0 else _NEVER
    return microseconds(wall.replace(tzinfo=where))
