"""The values of each cell in the order of time: at its start, at the readings within, at its end."""

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
    """The items of a cell are the range `first` to `stop` of the other arrays, two or more; `cell` is their cell.

    `index` is that of a reading in the points; at a start, of the last reading not after it; at an end, of the first
    not before it.
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
        """Between the values `start` and `end` of each cell those readings for which `keep` is true; else all."""
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

        def woven(readings: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
            items = np.empty(len(inner), readings.dtype)
            items[inner], items[first], items[stop - 1] = readings, starts, ends
            return items

        return cls(
            first,
            stop,
            np.repeat(np.arange(len(cells)), count),
            woven(within, low - 1, high),
            woven(points.ts[within], cells.start, cells.end),
            woven(points.value[within], start.value, end.value),
            woven(points.quality[within], start.status, end.status),
            woven(inputs.usable[within], start.usable, end.usable),
        )

    def neighbours(self) -> tuple[Ints, Ints]:
        """The items that have another after them in their cell, and those others."""
        followed = np.ones(len(self.ts), np.bool_)
        followed[self.stop - 1] = False
        before = np.flatnonzero(followed)
        return before, before + 1
