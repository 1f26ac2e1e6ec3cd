"""The values at both ends of a cell: Start, End, Delta from readings; StartBound, EndBound, DeltaBounds from bounds."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from headrace.historian.aggregates import reduce
from headrace.historian.aggregates.aggregate_input import AggregateInput, Values
from headrace.historian.aggregates.bounds import Bound
from headrace.historian.series.status import BAD_NO_DATA, GOOD, UNCERTAIN_SUBNORMAL, Bits, code, is_good, with_bits


def reading(*, at_start: bool) -> Callable[[AggregateInput], Values]:
    """Return the aggregate of the reading nearest to the start of an interval, or to its end.

    The reading is unchanged, at its own time.
    """

    def of(inputs: AggregateInput) -> Values:
        points, (start, stop) = inputs.points, inputs.inside
        at = start if at_start != inputs.cells.reverse else stop - 1
        present = stop > start
        at = np.where(present, at, -1)
        values = Values(
            np.append(points.ts, 0)[at], np.append(points.value, np.nan)[at], np.append(points.quality, GOOD)[at]
        )
        return values.or_no_data(present, inputs.cells.label)

    return of


def delta(inputs: AggregateInput) -> Values:
    """Return the latest good reading minus the earliest; uncertain if another reading was skipped to find them."""
    points, (start, stop) = inputs.points, inputs.inside
    first, last = reduce.first_where(inputs.good, start, stop), reduce.last_where(inputs.good, start, stop)
    value = np.append(points.value, np.nan)
    passed_over = (first > start) | (last < stop - 1)
    status = with_bits(np.where(passed_over, UNCERTAIN_SUBNORMAL, GOOD), Bits.CALCULATED)
    values = Values(inputs.cells.label, value[last] - value[first], status)
    return values.or_no_data(first >= 0, inputs.cells.label)


def start_bound(inputs: AggregateInput) -> Values:
    """Return the simple bounding value at the start of an interval, with its own status."""
    bound = _bound(inputs, at_start=True)
    status = np.where(bound.usable, bound.status, BAD_NO_DATA)
    return Values(inputs.cells.label, np.where(bound.usable, bound.value, np.nan), status)


def end_bound(inputs: AggregateInput) -> Values:
    """Return the simple bounding value at the end of an interval."""
    bound = _bound(inputs, at_start=False)
    values = Values(inputs.cells.label, bound.value, with_bits(code(bound.status), Bits.CALCULATED))
    return values.or_no_data(bound.usable, inputs.cells.label)


def delta_bounds(inputs: AggregateInput) -> Values:
    """Return the later simple bounding value minus the earlier."""
    start, end = inputs.simple_start, inputs.simple_end
    both_good = is_good(start.status) & is_good(end.status)
    status = with_bits(np.where(both_good, GOOD, UNCERTAIN_SUBNORMAL), Bits.CALCULATED)
    values = Values(inputs.cells.label, end.value - start.value, status)
    return values.or_no_data(start.usable & end.usable, inputs.cells.label)


def _bound(inputs: AggregateInput, *, at_start: bool) -> Bound:
    return inputs.simple_start if at_start != inputs.cells.reverse else inputs.simple_end
