"""The spread of good readings: standard deviation and variance, of a sample or a population."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from headrace.historian.aggregates import reduce
from headrace.historian.aggregates.aggregate_input import AggregateInput, Values
from headrace.historian.series.status import GOOD, UNCERTAIN_SUBNORMAL, Bits, with_bits


def deviation(*, sample: bool, squared: bool) -> Callable[[AggregateInput], Values]:
    """Return the aggregate: the variance if `squared`, over n - 1 if `sample`.

    0 for a single good reading, uncertain if any reading of the cell is not good, Bad_NoData without good readings.
    """

    def of(inputs: AggregateInput) -> Values:
        points, (start, stop) = inputs.points, inputs.inside
        count = reduce.count(inputs.good, start, stop)
        mean = reduce.total(np.where(inputs.good, points.value, 0.0), start, stop) / np.maximum(count, 1)
        at, group = reduce.spread(start, stop)
        off = np.where(inputs.good[at], points.value[at] - mean[group], 0.0)
        ends = np.cumsum(stop - start)
        squares = reduce.total(off * off, ends - (stop - start), ends)
        variance = squares / np.maximum(count - 1 if sample else count, 1)
        status = np.where(count == stop - start, GOOD, UNCERTAIN_SUBNORMAL)
        value = variance if squared else np.sqrt(variance)
        values = Values(inputs.cells.label, value, with_bits(status, Bits.CALCULATED))
        return values.or_no_data(count > 0, inputs.cells.label)

    return of
