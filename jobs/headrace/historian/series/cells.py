"""The intervals of a question, and their product with its tags: a cell is one interval of one tag."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from headrace.historian.series.points import Ints
from headrace.historian.series.status import Mask


@dataclass(frozen=True)
class Intervals:
    """`start` < `end`, microseconds since 1970, UTC; in the order of the answer.

    Forward, an interval holds its start and not its end; in `reverse` it holds its end and not its start, and they
    come last first. `truncated` are those that the end of the question cuts short.
    """

    start: Ints
    end: Ints
    truncated: Mask
    reverse: bool = False

    def __len__(self) -> int:
        return len(self.start)

    @property
    def label(self) -> Ints:
        """The time an interval goes by: where it starts, in the direction of the question."""
        return self.end if self.reverse else self.start


@dataclass(frozen=True)
class Cells:
    """Each interval of each tag, all of one tag before the next one's; arrays have `tags` x `len(intervals)` items."""

    tag: Ints
    start: Ints
    end: Ints
    label: Ints
    truncated: Mask
    reverse: bool

    @classmethod
    def of(cls, intervals: Intervals, tags: int) -> Cells:
        """The product of `intervals` with the tags 0 to `tags` - 1."""
        tag = np.repeat(np.arange(tags), len(intervals))
        start, end, label = (np.tile(each, tags) for each in (intervals.start, intervals.end, intervals.label))
        return cls(tag, start, end, label, np.tile(intervals.truncated, tags), intervals.reverse)

    def __len__(self) -> int:
        return len(self.tag)
