"""Regions: the time between two adjacent values of a cell, with its quality (Part 13, 5.4.3.2)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from headrace.historian.aggregates import reduce
from headrace.historian.aggregates.aggregate_input import AggregateInput
from headrace.historian.aggregates.bounds import Bound
from headrace.historian.aggregates.sequence import Sequence
from headrace.historian.series.points import Floats, Ints
from headrace.historian.series.status import Mask, Status, is_good

# How long a tag's very last reading holds, as nothing is known about what follows. The figures of Annex A use 1 ms.
LAST_HOLDS_US = 1_000


@dataclass(frozen=True)
class Regions:
    """One item per pair of neighbours in a sequence; the regions of a cell are the range `first` to `stop`.

    `width` is in microseconds. `begin` and `end` are the values at both ends, NaN if the region is `void`: its value is
    unknown. A region that is neither void nor good is uncertain.
    """

    first: Ints
    stop: Ints
    width: Floats
    begin: Floats
    end: Floats
    void: Mask
    good: Mask

    @classmethod
    def simple(cls, inputs: AggregateInput, start: Bound, stepped: Mask, *, last_holds: bool = False) -> Regions:
        """Return the regions from the value `start` to the simple bound at the cell's end.

        `stepped` says for each cell whether values hold. The region after an unusable reading is void. If the line
        would lead to an unusable reading, the value before it holds and the region is uncertain. The region after the
        last reading of a tag is LAST_HOLDS_US long, or extends to the end of the cell with `last_holds`.
        """
        sequence = Sequence.of(inputs, start, inputs.simple_end)
        before, after = sequence.neighbours()
        stepped = stepped[sequence.cell[before]]
        level = stepped | ~sequence.usable[after]
        end = np.where(level, sequence.value[before], sequence.value[after])
        reached = stepped | (sequence.usable[after] & is_good(sequence.status[after]))
        width = sequence.ts[after] - sequence.ts[before]
        if not last_holds:
            width = np.where(_final(inputs, sequence), np.minimum(LAST_HOLDS_US, width), width)
        return cls._of(sequence, width, end, reached)

    @classmethod
    def interpolated(cls, inputs: AggregateInput) -> Regions:
        """Return the regions of lines between usable values and interpolated bounds, sloped even for a stepped tag.

        A region is uncertain if an unusable reading was skipped.
        """
        sloped = np.zeros(len(inputs.cells), np.bool_)
        start = inputs.interpolated_at(inputs.cells.start, sloped)
        end = inputs.interpolated_at(inputs.cells.end, sloped, arriving=True)
        sequence = Sequence.of(inputs, start, end, inputs.usable)
        before, after = sequence.neighbours()
        unusable = np.concatenate(([0], np.cumsum(~inputs.usable)))
        passed_over = unusable[sequence.index[after]] > unusable[sequence.index[before] + 1]
        reached = is_good(sequence.status[after]) & ~passed_over
        return cls._of(sequence, sequence.ts[after] - sequence.ts[before], sequence.value[after], reached)

    @classmethod
    def _of(cls, sequence: Sequence, width: Ints, end: Floats, reached: Mask) -> Regions:
        """Return the regions; `reached` says for each whether its end value leaves its quality unchanged."""
        before, _ = sequence.neighbours()
        void = ~sequence.usable[before]
        count = sequence.stop - sequence.first - 1
        stop = np.cumsum(count)
        begin = np.where(void, np.nan, sequence.value[before])
        good = is_good(sequence.status[before]) & reached & ~void
        return cls(stop - count, stop, width.astype(float), begin, np.where(void, np.nan, end), void, good)

    @property
    def area(self) -> Floats:
        """The integral of each region, in the value's unit times microseconds."""
        return (self.begin + self.end) / 2 * self.width

    def total(self, amount: Floats, where: Mask) -> Floats:
        """Return for each cell the sum of `amount` over its regions for which `where` is true."""
        return reduce.total(np.where(where, amount, 0.0), self.first, self.stop)

    def time(self, where: Mask) -> Floats:
        """Return for each cell the total width of its regions for which `where` is true, in microseconds."""
        return self.total(self.width, where)

    def whole_time(self) -> Floats:
        """Return for each cell the total width of its regions, in microseconds."""
        return reduce.total(self.width, self.first, self.stop)

    def by_time(self, inputs: AggregateInput) -> Status:
        """Return the status of each cell by the shares of good and bad time."""
        strict = inputs.configuration.treat_uncertain_as_bad
        good, bad = (self.good, ~self.good) if strict else (~self.void, self.void)
        return inputs.configuration.by_share(self.time(good), self.time(bad), self.whole_time())


def _final(inputs: AggregateInput, sequence: Sequence) -> Mask:
    """Return for each region whether it starts with a tag's last reading and that reading is usable."""
    before, after = sequence.neighbours()
    last = inputs.points.last[inputs.cells.tag[sequence.cell[before]]]
    final: Mask = (sequence.ts[before] == last) & (sequence.ts[after] > last) & sequence.usable[before]
    return final
