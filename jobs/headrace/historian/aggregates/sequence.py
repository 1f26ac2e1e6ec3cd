"""The values of each cell in the order of time: at its start, at the readings inside, at its end."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from headrace.historian.aggregates import reduce
from headrace.historian.aggregates.aggregate_input import AggregateInput
from headrace.historian.aggregates.bounds import Bound
from headrace.historian.series.points import Floats, Ints
from headrace.historian.series.status import Mask, Status


@dataclass(frozen=True)
class Sequence:
    """One item per value; the items of a cell are the range `first` to `stop` of the other arrays, at least two.

    `cell` is the cell of an item, and `index` its reading in the points: for the start, the last reading at or before
    it; for the end, the first reading at or after it.
    """

    first: Ints
    stop: Ints
    cell: Ints
    index: Ints
    ts: Ints
    value: Floats
    status: Status
    usable: Mask

    @classmethod
    def of(cls, inputs: AggregateInput, start: Bound, end: Bound, keep: Mask | None = None) -> Sequence:
        """Return for each cell the value `start`, the readings for which `keep` is true (default all), and `end`."""
        points, cells = inputs.points, inputs.cells
        low, high = points.find(cells.tag, cells.start, "right"), points.find(cells.tag, cells.end, "left")
        high = np.maximum(low, high)
        within, group = reduce.spread(low, high)
        if keep is not None:
            within, group = within[keep[within]], group[keep[within]]
        count = np.bincount(group, minlength=len(cells)) + 2
        stop = np.cumsum(count)
        first = stop - count
        inner = np.ones(int(count.sum()), np.bool_)
        inner[first] = inner[stop - 1] = False

        def merged(readings: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
            items = np.empty(len(inner), readings.dtype)
            items[inner], items[first], items[stop - 1] = readings, starts, ends
            return items

        return cls(
            first,
            stop,
            np.repeat(np.arange(len(cells)), count),
            merged(within, low - 1, high),
            merged(points.ts[within], cells.start, cells.end),
            merged(points.value[within], start.value, end.value),
            merged(points.quality[within], start.status, end.status),
            merged(inputs.usable[within], start.usable, end.usable),
        )

    def neighbours(self) -> tuple[Ints, Ints]:
        """Return the items that have a next item in the same cell, and these next items."""
        followed = np.ones(len(self.ts), np.bool_)
        followed[self.stop - 1] = False
        before = np.flatnonzero(followed)
        return before, before + 1
