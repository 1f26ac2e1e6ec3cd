"""Intervals of time, and cells: a cell is one interval of one tag."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from headrace.historian.series.points import Ints
from headrace.historian.series.status import Mask


@dataclass(frozen=True)
class Intervals:
    """Intervals in the order of the answer: arrays of equal length, `start` < `end`, microseconds since 1970, UTC.

    Forward, an interval includes its start and excludes its end. In `reverse` it includes its end and excludes its
    start, and the latest interval comes first. `truncated` marks those that the end of the requested time cuts short.
    """

    start: Ints
    end: Ints
    truncated: Mask
    reverse: bool = False

    def __len__(self) -> int:
        return len(self.start)

    @property
    def label(self) -> Ints:
        """The time that identifies each interval: its start forward, its end in reverse."""
        return self.end if self.reverse else self.start


@dataclass(frozen=True)
class Cells:
    """Every interval of every tag, all cells of one tag before those of the next.

    The arrays have `tags` x `len(intervals)` items: `tag` is the number of the tag, times are microseconds since 1970,
    UTC, and `label`, `truncated` and `reverse` are those of the intervals.
    """

    tag: Ints
    start: Ints
    end: Ints
    label: Ints
    truncated: Mask
    reverse: bool

    @classmethod
    def of(cls, intervals: Intervals, tags: int) -> Cells:
        """Return the product of `intervals` and the tags 0 to `tags` - 1."""
        tag = np.repeat(np.arange(tags), len(intervals))
        start, end, label = (np.tile(each, tags) for each in (intervals.start, intervals.end, intervals.label))
        return cls(tag, start, end, label, np.tile(intervals.truncated, tags), intervals.reverse)

    def __len__(self) -> int:
        return len(self.tag)
