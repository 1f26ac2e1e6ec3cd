"""What a cell starts and ends with: Start, End, Delta of readings; StartBound, EndBound, DeltaBounds of bounds."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from headrace.historian.aggregates import reduce
from headrace.historian.aggregates.aggregate_input import AggregateInput, Values
from headrace.historian.aggregates.bounds import Bound
from headrace.historian.series.status import BAD_NO_DATA, GOOD, UNCERTAIN_SUBNORMAL, Bits, code, is_good, with_bits


def reading(*, at_start: bool) -> Callable[[AggregateInput], Values]:
    """The reading nearest to the start of an interval, or to its end, as it is and at its own time."""

    def of(inputs: AggregateInput) -> Values:
        points, (start, stop) = inputs.points, inputs.inside
        at = start if at_start != inputs.cells.reverse else stop - 1
        there = stop > start
        at = np.where(there, at, -1)
        found = Values(
            np.append(points.ts, 0)[at], np.append(points.value, np.nan)[at], np.append(points.quality, GOOD)[at]
        )
        return found.or_no_data(there, inputs.cells.label)

    return of


def delta(inputs: AggregateInput) -> Values:
    """The latest good reading less the earliest; uncertain where one had to be passed over to find them."""
    points, (start, stop) = inputs.points, inputs.inside
    first, last = reduce.first_where(inputs.good, start, stop), reduce.last_where(inputs.good, start, stop)
    value = np.append(points.value, np.nan)
    passed_over = (first > start) | (last < stop - 1)
    status = with_bits(np.where(passed_over, UNCERTAIN_SUBNORMAL, GOOD), Bits.CALCULATED)
    found = Values(inputs.cells.label, value[last] - value[first], status)
    return found.or_no_data(first >= 0, inputs.cells.label)


def start_bound(inputs: AggregateInput) -> Values:
    """The simple bounding value where an interval starts, with its own status."""
    bound = _bound(inputs, at_start=True)
    status = np.where(bound.usable, bound.status, BAD_NO_DATA)
    return Values(inputs.cells.label, np.where(bound.usable, bound.value, np.nan), status)


def end_bound(inputs: AggregateInput) -> Values:
    """The simple bounding value where an interval ends."""
    bound = _bound(inputs, at_start=False)
    found = Values(inputs.cells.label, bound.value, with_bits(code(bound.status), Bits.CALCULATED))
    return found.or_no_data(bound.usable, inputs.cells.label)


def delta_bounds(inputs: AggregateInput) -> Values:
    """The later simple bounding value less the earlier."""
    start, end = inputs.simple_start, inputs.simple_end
    both_good = is_good(start.status) & is_good(end.status)
    status = with_bits(np.where(both_good, GOOD, UNCERTAIN_SUBNORMAL), Bits.CALCULATED)
    found = Values(inputs.cells.label, end.value - start.value, status)
    return found.or_no_data(start.usable & end.usable, inputs.cells.label)


def _bound(inputs: AggregateInput, *, at_start: bool) -> Bound:
    return inputs.simple_start if at_start != inputs.cells.reverse else inputs.simple_end
