"""The stretches of time between neighbouring values in a cell, each with its quality: Part 13, 5.4.3.2."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from headrace.historian.aggregates import reduce
from headrace.historian.aggregates.aggregate_input import AggregateInput
from headrace.historian.aggregates.bounds import Bound
from headrace.historian.aggregates.sequence import Sequence
from headrace.historian.series.points import Floats, Ints
from headrace.historian.series.status import Mask, Status, is_good

# How long a tag's last reading of all holds, as nothing says what came after: the standard's figures have 1 ms.
LAST_HOLDS_US = 1_000


@dataclass(frozen=True)
class Regions:
    """One item for each pair of neighbours in a sequence; those of a cell are the range `first` to `stop`.

    `width` is in microseconds. `begin` and `end` are the values at its ends, NaN where the region is `void`: nothing
    is known of it. A region that is neither void nor good is uncertain.
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
        """From the value `start` to the simple bound at a cell's end; `stepped` says for each cell if values hold.

        A reading that is not usable voids what follows it up to the next. Where a line should go to such a one, the
        value before it holds, and the region is uncertain. What follows a tag's last reading is LAST_HOLDS_US long,
        or lasts to the end of the cell where `last_holds`.
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
        """Lines from usable value to usable value between interpolated bounds, whether a tag is stepped or not.

        A region is uncertain where a reading that is not usable was passed over.
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
        """`reached` says of each region that the value at its end makes it no worse."""
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
        """The sum of `amount` over those regions of each cell for which `where` is true."""
        return reduce.total(np.where(where, amount, 0.0), self.first, self.stop)

    def time(self, where: Mask) -> Floats:
        """How long those regions of each cell are for which `where` is true, in microseconds."""
        return self.total(self.width, where)

    def whole_time(self) -> Floats:
        """How long all regions of each cell are, in microseconds."""
        return reduce.total(self.width, self.first, self.stop)

    def by_time(self, inputs: AggregateInput) -> Status:
        """The status of each cell by the shares of its time that are good and bad."""
        strict = inputs.configuration.treat_uncertain_as_bad
        good, bad = (self.good, ~self.good) if strict else (~self.void, self.void)
        return inputs.configuration.by_share(self.time(good), self.time(bad), self.whole_time())


def _final(inputs: AggregateInput, sequence: Sequence) -> Mask:
    """Whether a region starts with a tag's last reading, a usable one."""
    before, after = sequence.neighbours()
    last = inputs.points.last[inputs.cells.tag[sequence.cell[before]]]
    final: Mask = (sequence.ts[before] == last) & (sequence.ts[after] > last) & sequence.usable[before]
    return final
