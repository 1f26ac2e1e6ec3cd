"""Look up numbers in intervals of several groups: of those that hold a number, the narrowest counts."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Self

import numpy as np
import numpy.typing as npt

from headrace_udfs.arrays import Positions

Numbers = npt.NDArray[np.int64] | npt.NDArray[np.float64]
"""An int64 or a float64 array, without NaN."""
Flags = npt.NDArray[np.bool_]

_NOWHERE = -1


@dataclass(frozen=True)
class Intervals:
    """Disjoint segments, each with the interval that counts in it, in the order of `starts`.

    bounds: the distinct bounds of all intervals, rising. Inside, a number is its place among them: 2i + 1 for bounds[i]
    itself, 2i for what is between it and the bound before. starts and ends: the places of each segment, in one sequence
    for all groups, `span` apart; an end is not in the segment. rows: the interval of each segment.
    """

    bounds: Numbers
    span: int
    starts: Positions
    ends: Positions
    rows: Positions

    @classmethod
    def of(cls, groups: Positions, low: Numbers, high: Numbers, missing: tuple[Flags, Flags], *, closed: bool) -> Self:
        """Return the intervals [low, high) of the groups, or [low, high] if they are `closed`.

        groups: a number from 0 for each interval. missing: where there is no low and where there is no high, whose
        numbers are ignored. An interval that holds nothing is left out. If several of a group hold a number, the one
        with the smallest high - low counts, an open one last; of equal ones, the one with the largest low, then the
        last.
        """
        no_low, no_high = missing
        bounds = np.unique(np.concatenate([low[~no_low], high[~no_high]]))
        span = 2 * len(bounds) + 3
        first = np.where(no_low, 0, _places(bounds, low))
        end = np.where(no_high, span - 1, _places(bounds, high) + (1 if closed else 0))
        holding = np.flatnonzero(first < end)
        is_open = no_low | no_high
        widths = np.where(is_open, 0, _widths(low, high))
        rank = np.empty(len(low), np.int64)
        rank[np.lexsort((-np.arange(len(low)), -first, widths, is_open))] = np.arange(len(low))
        order = holding[np.lexsort((first[holding], groups[holding]))]
        starts, ends = (groups * span + first)[order], (groups * span + end)[order]
        if np.any(starts[1:] < ends[:-1]):
            segments = list(_narrowest(starts, ends, rank[order]))
            starts, ends, at = np.array(segments, np.int64).reshape(-1, 3).T
            order = order[at]
        return cls(bounds, span, starts, ends, order)

    def find(self, groups: Positions, numbers: Numbers) -> Positions:
        """Return the interval that holds each number in its group, -1 for none; a group of -1 has none."""
        places = groups * self.span + _places(self.bounds, numbers)
        at = np.searchsorted(self.starts, places, "right") - 1
        found = (at >= 0) & (groups >= 0)
        found[found] = places[found] < self.ends[at[found]]
        return np.where(found, self.rows[at], _NOWHERE) if len(self.rows) else np.full(len(groups), _NOWHERE)


def _places(bounds: Numbers, numbers: Numbers) -> Positions:
    below = np.searchsorted(bounds, numbers)
    is_bound = np.zeros(len(numbers), np.bool_)
    inside = below < len(bounds)
    is_bound[inside] = bounds[below[inside]] == numbers[inside]
    return 2 * below + is_bound


def _widths(low: Numbers, high: Numbers) -> npt.NDArray[np.uint64] | npt.NDArray[np.float64]:
    if low.dtype == np.float64:
        return np.asarray(high - low, np.float64)
    return high.view(np.uint64) - low.view(np.uint64)  # it may be longer than an int64 can hold


def _narrowest(starts: Positions, ends: Positions, ranks: Positions) -> Iterator[tuple[int, int, int]]:
    """Yield start, end and position of the interval that counts, for each piece between two bounds that has one."""
    waiting: list[tuple[int, int, int]] = []
    following = 0
    for here, there in pairwise(np.unique(np.concatenate([starts, ends])).tolist()):
        while following < len(starts) and starts[following] == here:
            heapq.heappush(waiting, (int(ranks[following]), int(ends[following]), following))
            following += 1
        while waiting and waiting[0][1] <= here:
            heapq.heappop(waiting)
        if waiting:
            yield here, there, waiting[0][2]
