"""The inputs of every aggregate: readings, cells and configuration, and what several aggregates derive from them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from headrace.historian.aggregates import bounds, reduce
from headrace.historian.aggregates.bounds import Bound
from headrace.historian.series.cells import Cells
from headrace.historian.series.configuration import Configuration
from headrace.historian.series.points import Floats, Ints, Points, Side
from headrace.historian.series.status import BAD_NO_DATA, Mask, Status, is_bad, is_good


@dataclass(frozen=True)
class Values:
    """One result per cell: its time (microseconds since 1970, UTC), its value (NaN if there is none) and its status."""

    ts: Ints
    value: Floats
    status: Status

    def or_no_data(self, present: Mask, ts: Ints) -> Values:
        """Return these values where `present` is true, and Bad_NoData at `ts` elsewhere."""
        return Values(
            np.where(present, self.ts, ts),
            np.where(present, self.value, np.nan),
            np.where(present, self.status, BAD_NO_DATA),
        )


@dataclass(frozen=True)
class AggregateInput:
    """The inputs of an aggregate over many cells.

    `points` have no creation marks (`Points.since_creation`). `stepped` has one item per tag: whether its value holds
    from one reading to the next. The properties named "for each reading" have one item per point, those "for each cell"
    one item per cell.
    """

    points: Points
    cells: Cells
    stepped: Mask
    configuration: Configuration

    @cached_property
    def usable(self) -> Mask:
        """For each reading, whether it may enter a calculation."""
        return self.configuration.usable(self.points.quality)

    @cached_property
    def good(self) -> Mask:
        """For each reading, whether it is good."""
        return is_good(self.points.quality)

    @cached_property
    def counts_as_bad(self) -> Mask:
        """For each reading, whether it counts as bad."""
        return ~self.usable if self.configuration.treat_uncertain_as_bad else is_bad(self.points.quality)

    @cached_property
    def inside(self) -> tuple[Ints, Ints]:
        """For each cell, start and stop of its readings: those at its label are included, those at its far end not."""
        side: Side = "right" if self.cells.reverse else "left"
        find, tag = self.points.find, self.cells.tag
        return find(tag, self.cells.start, side), find(tag, self.cells.end, side)

    @cached_property
    def cell_stepped(self) -> Mask:
        """For each cell, whether its tag is stepped."""
        return self.stepped[self.cells.tag]

    @cached_property
    def simple_start(self) -> Bound:
        """For each cell, the simple bounding value at its start, the earlier end."""
        cells = self.cells
        return bounds.simple(self.points, cells.tag, cells.start, self.cell_stepped, self.configuration)

    @cached_property
    def simple_end(self) -> Bound:
        """For each cell, the simple bounding value at its end, the later one."""
        cells = self.cells
        return bounds.simple(self.points, cells.tag, cells.end, self.cell_stepped, self.configuration, arriving=True)

    @cached_property
    def held_start(self) -> Bound:
        """For each cell, the last reading at or before its start, unchanged."""
        return bounds.held(self.points, self.cells.tag, self.cells.start, self.configuration)

    def interpolated_at(self, time: Ints, stepped: Mask, *, arriving: bool = False) -> Bound:
        """Return the interpolated bounding value of each cell's tag at the cell's item of `time`."""
        cells = self.cells
        return bounds.interpolated(self.points, cells.tag, time, stepped, self.configuration, arriving=arriving)

    @cached_property
    def covered(self) -> Mask:
        """For each cell, whether some of it, without its excluded end, is from its tag's first to its last reading."""
        cells = self.cells
        first, last = self.points.first[cells.tag], self.points.last[cells.tag]
        if cells.reverse:
            return (cells.start < last) & (cells.end >= first)
        return (cells.start <= last) & (cells.end > first)

    @cached_property
    def partial(self) -> Mask:
        """For each cell, whether its tag's readings begin or end within it, or the end of the query cuts it short."""
        first, last = self.points.first[self.cells.tag], self.points.last[self.cells.tag]
        begins = (first > self.cells.start) & (first < self.cells.end)
        ends = (last >= self.cells.start) & (last < self.cells.end)
        return self.covered & (begins | ends | self.cells.truncated)

    def by_count(self) -> Status:
        """Return the status of each cell by the shares of good and bad readings in it."""
        start, stop = self.inside
        good, bad = reduce.count(self.good, start, stop), reduce.count(self.counts_as_bad, start, stop)
        return self.configuration.by_share(good.astype(float), bad.astype(float), (stop - start).astype(float))
