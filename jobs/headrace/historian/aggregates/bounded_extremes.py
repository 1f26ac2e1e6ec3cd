"""Extremes that include the simple bounding values: Minimum2, Maximum2, both with ActualTime, and Range2."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from headrace.historian.aggregates.aggregate_input import AggregateInput, Values
from headrace.historian.aggregates.extremes import MAXIMUM, MINIMUM, find
from headrace.historian.aggregates.regions import Regions
from headrace.historian.aggregates.sequence import Sequence
from headrace.historian.series.status import BAD, Bits, Mask, Status, is_bad, with_bits

# An interval excludes the time at its far end: an extreme reached there gets the time of the last instant before it,
# and the standard counts instants in milliseconds.
_TICK_US = 1_000


def bounded_extreme(sign: int, *, actual_time: bool) -> Callable[[AggregateInput], Values]:
    """Return Minimum2 or Maximum2 at the label of the interval, or with `actual_time` at the time it is first reached.

    `sign` is MINIMUM or MAXIMUM.
    """

    def of(inputs: AggregateInput) -> Values:
        cells = inputs.cells
        sequence = Sequence.of(inputs, inputs.simple_start, inputs.simple_end)
        extremes = find(sequence.value, _candidates(inputs, sequence), sequence.first, sequence.stop, sign)
        at = np.maximum(extremes.first if actual_time else extremes.nearest_start(cells), 0)
        ts, status = sequence.ts[at], _status(inputs)
        interpolated = (sequence.status[at] & Bits.INTERPOLATED) > 0
        if actual_time:
            far_end = cells.start if cells.reverse else cells.end
            interpolated |= ts == far_end
            ts = np.where(ts == far_end, far_end + (_TICK_US if cells.reverse else -_TICK_US), ts)
        else:
            status = with_bits(status, Bits.CALCULATED, ~interpolated & (ts != cells.label))
            ts = cells.label
        status = with_bits(with_bits(status, Bits.INTERPOLATED, interpolated), Bits.MULTIPLE, extremes.count > 1)
        return _of(inputs, Values(ts, sequence.value[at], status), extremes.count > 0)

    return of


def bounded_range(inputs: AggregateInput) -> Values:
    """Return the maximum minus the minimum, including the bounding values."""
    sequence = Sequence.of(inputs, inputs.simple_start, inputs.simple_end)
    candidates = _candidates(inputs, sequence)
    low, high = (find(sequence.value, candidates, sequence.first, sequence.stop, sign) for sign in (MINIMUM, MAXIMUM))
    value = sequence.value[np.maximum(high.first, 0)] - sequence.value[np.maximum(low.first, 0)]
    status = with_bits(_status(inputs), Bits.CALCULATED)
    return _of(inputs, Values(inputs.cells.label, value, status), low.count > 0)


def _candidates(inputs: AggregateInput, sequence: Sequence) -> Mask:
    """Return which values can be the extreme: the usable ones.

    Forward, the value that a stepped tag takes at the end of an interval belongs to the next interval.
    """
    candidates = sequence.usable.copy()
    if not inputs.cells.reverse:
        candidates[sequence.stop - 1] &= ~inputs.cell_stepped
    return candidates


def _status(inputs: AggregateInput) -> Status:
    return Regions.simple(inputs, inputs.simple_start, inputs.cell_stepped).by_time(inputs)


def _of(inputs: AggregateInput, values: Values, present: Mask) -> Values:
    bad = is_bad(values.status)
    values = Values(values.ts, np.where(bad, np.nan, values.value), np.where(bad, BAD, values.status))
    return values.or_no_data(present, inputs.cells.label)
