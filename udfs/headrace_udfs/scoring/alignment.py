"""Align readings of several tags: one row per instant, one column per tag.

An instant is a span of `every_us` microseconds that starts at a multiple of it since 1970. Readings may come in any
order: of several of a tag with the same time only one counts (`distinct`), and of those in an instant the last good
one. The model itself holds an input for some instants, where one is missing (`channels.held`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from headrace_udfs.arrays import Doubles, Positions

Booleans = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Readings:
    """Readings of tags, in any order; arrays [n].

    tag: int64, the number of the tag. times: int64, microseconds since the epoch. values: float64, NaN without a
    number. good: whether the quality is good. order: int64, where the source put the reading; the highest is the last.
    """

    tag: Positions
    times: Positions
    values: Doubles
    good: Booleans
    order: Positions

    def __len__(self) -> int:
        return len(self.times)

    @property
    def usable(self) -> Booleans:
        """Which readings are good and have a number."""
        return np.asarray(self.good & np.isfinite(self.values))

    def taken(self, rows: Positions | Booleans) -> Readings:
        """Return these readings alone, in this order."""
        return Readings(self.tag[rows], self.times[rows], self.values[rows], self.good[rows], self.order[rows])


def no_readings() -> Readings:
    """Return readings of length 0."""
    none = np.empty(0, np.int64)
    return Readings(none, none, np.empty(0), np.empty(0, np.bool_), none)


def joined(parts: Sequence[Readings]) -> Readings:
    """Return the readings of all parts, one part after the other."""
    if len(parts) < 2:
        return parts[0] if parts else no_readings()
    return Readings(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Readings)))


@dataclass(frozen=True)
class Instants:
    """times: int64 [n], the start of each instant, ascending; only instants with a reading.

    values: float64 [n, tags], each tag's last good reading in the instant, NaN without one. at: int64 [n, tags], the
    time of that reading, 0 without one. All times are microseconds since the epoch.
    """

    times: Positions
    values: Doubles
    at: Positions


def distinct(readings: Readings) -> Readings:
    """Return one reading per tag and time, sorted by both: the one that the source put last.

    That is the one with the highest order. Two may still be equal in it, in different partitions of a topic; then a
    good one counts rather than one that is not, and then the one with the higher value. So the order in which readings
    arrive does not matter.
    """
    tag, times = readings.tag, readings.times
    if bool(np.all((tag[1:] > tag[:-1]) | ((tag[1:] == tag[:-1]) & (times[1:] > times[:-1])))):
        return readings  # as stored readings come
    values = np.where(np.isfinite(readings.values), readings.values, -np.inf)
    sort = np.lexsort((values, readings.good, readings.order, readings.times, readings.tag))
    tag, times = readings.tag[sort], readings.times[sort]
    last = np.ones(len(sort), np.bool_)
    last[:-1] = (tag[1:] != tag[:-1]) | (times[1:] != times[:-1])
    return readings.taken(sort[last])


def aligned(readings: Readings, tags: int, every_us: int) -> Instants:
    """Return the instants of `distinct` readings, with a column for each of the `tags` tags."""
    usable = readings.usable
    tag, times, values = readings.tag[usable], readings.times[usable], readings.values[usable]
    cell = times // every_us
    rows, row = np.unique(cell, return_inverse=True)
    grid, at = np.full((len(rows), tags), np.nan), np.zeros((len(rows), tags), np.int64)
    # Readings are sorted by time: of several in one cell, NumPy keeps the last that is assigned.
    grid[row, tag], at[row, tag] = values, times
    return Instants(rows * every_us, grid, at)


def boundary(passed_us: int, every_us: int) -> int:
    """Return the start of the first instant that is still open, once no reading up to `passed_us` can come any more."""
    return (passed_us + 1) // every_us * every_us


def closes_us(times: Positions, every_us: int) -> int | None:
    """Return the boundary at which the first instant of these times ends; None if there are none."""
    return (int(times.min()) // every_us + 1) * every_us if len(times) else None
