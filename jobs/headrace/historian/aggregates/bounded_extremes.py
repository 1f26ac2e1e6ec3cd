"""Extremes with the simple bounding values: Minimum2, Maximum2, their ActualTime kin, and Range2."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from headrace.historian.aggregates.aggregate_input import AggregateInput, Values
from headrace.historian.aggregates.extremes import MAXIMUM, MINIMUM, find
from headrace.historian.aggregates.regions import Regions
from headrace.historian.aggregates.sequence import Sequence
from headrace.historian.series.status import BAD, Bits, Mask, Status, is_bad, with_bits

# An interval does not hold the time at its far end: what is reached there is told as of the last instant before it,
# which the standard has in milliseconds.
_TICK_US = 1_000


def bounded_extreme(sign: int, *, actual_time: bool) -> Callable[[AggregateInput], Values]:
    """Minimum2 or Maximum2, at the label of the interval, or at the time at which it is reached first."""

    def of(inputs: AggregateInput) -> Values:
        cells = inputs.cells
        sequence = Sequence.of(inputs, inputs.simple_start, inputs.simple_end)
        found = find(sequence.value, _counting(inputs, sequence), sequence.first, sequence.stop, sign)
        at = np.maximum(found.index, 0)
        ts, status = sequence.ts[at], _status(inputs)
        interpolated = (sequence.status[at] & Bits.INTERPOLATED) > 0
        if actual_time:
            far_end = cells.start if cells.reverse else cells.end
            interpolated |= ts == far_end
            ts = np.where(ts == far_end, far_end + (_TICK_US if cells.reverse else -_TICK_US), ts)
        else:
            status = with_bits(status, Bits.CALCULATED, ~interpolated & (ts != cells.label))
            ts = cells.label
        status = with_bits(with_bits(status, Bits.INTERPOLATED, interpolated), Bits.MULTIPLE, found.count > 1)
        return _of(inputs, Values(ts, sequence.value[at], status), found.index >= 0)

    return of


def bounded_range(inputs: AggregateInput) -> Values:
    """The maximum less the minimum, bounding values counting as readings."""
    sequence = Sequence.of(inputs, inputs.simple_start, inputs.simple_end)
    counting = _counting(inputs, sequence)
    low, high = (find(sequence.value, counting, sequence.first, sequence.stop, sign) for sign in (MINIMUM, MAXIMUM))
    value = sequence.value[np.maximum(high.index, 0)] - sequence.value[np.maximum(low.index, 0)]
    status = with_bits(_status(inputs), Bits.CALCULATED)
    return _of(inputs, Values(inputs.cells.label, value, status), low.index >= 0)


def _counting(inputs: AggregateInput, sequence: Sequence) -> Mask:
    """Usable values; forward, what a stepped tag steps to at the end of an interval belongs to the next one."""
    counting = sequence.usable.copy()
    if not inputs.cells.reverse:
        counting[sequence.stop - 1] &= ~inputs.cell_stepped
    return counting


def _status(inputs: AggregateInput) -> Status:
    return Regions.simple(inputs, inputs.simple_start, inputs.cell_stepped).by_time(inputs)


def _of(inputs: AggregateInput, found: Values, there: Mask) -> Values:
    bad = is_bad(found.status)
    values = Values(found.ts, np.where(bad, np.nan, found.value), np.where(bad, BAD, found.status))
    return values.or_no_data(there, inputs.cells.label)
