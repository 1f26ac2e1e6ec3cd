"""Extremes of the good readings: Minimum, Maximum, both with ActualTime, and Range."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from headrace.historian.aggregates import reduce
from headrace.historian.aggregates.aggregate_input import AggregateInput, Values
from headrace.historian.series.cells import Cells
from headrace.historian.series.points import Floats, Ints
from headrace.historian.series.status import GOOD, UNCERTAIN_SUBNORMAL, Bits, Mask, severity, with_bits

MINIMUM, MAXIMUM = -1, 1


@dataclass(frozen=True)
class Extreme:
    """For each range: the indices of its first and last extreme value, or -1 if there is none, and their number."""

    first: Ints
    last: Ints
    count: Ints

    def nearest_start(self, cells: Cells) -> Ints:
        """Return the index of the extreme value that is nearest to the start of each cell: backwards, the latest."""
        return self.last if cells.reverse else self.first


def find(value: Floats, mask: Mask, start: Ints, stop: Ints, sign: int) -> Extreme:
    """Return the extreme of the values for which `mask` is true in each range; `sign` is MINIMUM or MAXIMUM."""
    # Written for the maximum: the minimum is the maximum of the negated values.
    height = np.where(mask, value * sign, -np.inf)
    top = reduce.over(np.maximum, height, start, stop, -np.inf)
    at, group = reduce.spread(start, stop)
    reached = np.flatnonzero(mask[at] & (height[at] == top[group]))
    count = np.bincount(group[reached], minlength=len(start))
    first, last = np.full(len(start), -1), np.full(len(start), -1)
    first[group[reached][::-1]] = at[reached][::-1]  # of several writes to one item, the last one remains
    last[group[reached]] = at[reached]
    return Extreme(first, last, count)


def extreme(sign: int, *, actual_time: bool) -> Callable[[AggregateInput], Values]:
    """Return Minimum or Maximum at the interval's label, or with `actual_time` at the oldest reading that has it."""

    def of(inputs: AggregateInput) -> Values:
        points, (start, stop) = inputs.points, inputs.inside
        extremes = find(points.value, inputs.good, start, stop, sign)
        at = np.maximum(extremes.first if actual_time else extremes.nearest_start(inputs.cells), 0)
        value, ts = _at(points.value, at), _at(points.ts, at)
        doubtful = _doubtful(inputs, value, sign)
        status = np.where(doubtful, UNCERTAIN_SUBNORMAL, GOOD)
        if not actual_time:
            status = with_bits(status, Bits.CALCULATED, doubtful | (ts != inputs.cells.label))
            ts = inputs.cells.label
        status = with_bits(status, Bits.MULTIPLE, extremes.count > 1)
        return Values(ts, value, status).or_no_data(extremes.count > 0, inputs.cells.label)

    return of


def value_range(inputs: AggregateInput) -> Values:
    """Return the maximum minus the minimum of the good readings."""
    points, (start, stop) = inputs.points, inputs.inside
    low, high = (find(points.value, inputs.good, start, stop, sign) for sign in (MINIMUM, MAXIMUM))
    bottom, top = (_at(points.value, np.maximum(each.first, 0)) for each in (low, high))
    doubtful = _doubtful(inputs, bottom, MINIMUM) | _doubtful(inputs, top, MAXIMUM)
    status = with_bits(np.where(doubtful, UNCERTAIN_SUBNORMAL, GOOD), Bits.CALCULATED)
    return Values(inputs.cells.label, top - bottom, status).or_no_data(low.count > 0, inputs.cells.label)


def _doubtful(inputs: AggregateInput, value: Floats, sign: int) -> Mask:
    """Return for each cell whether it has an unusable reading, or an uncertain one beyond the extreme `value`."""
    points, (start, stop) = inputs.points, inputs.inside
    uncertain = inputs.usable & (severity(points.quality) == 1)
    beyond = reduce.over(np.maximum, np.where(uncertain, points.value * sign, -np.inf), start, stop, -np.inf)
    return (reduce.count(~inputs.usable, start, stop) > 0) | (beyond > value * sign)


def _at(values: np.ndarray, index: Ints) -> np.ndarray:  # type: ignore[type-arg]
    return values[index] if len(values) else np.zeros(len(index), values.dtype)
