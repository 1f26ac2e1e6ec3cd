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
        at, group = reduce.spread(start, stop)
        ends = np.cumsum(stop - start)
        starts = ends - (stop - start)
        # Relative to the first good reading: the mean of equal readings is rounded, and would differ from all of them.
        first = np.append(points.value, 0.0)[reduce.first_where(inputs.good, start, stop)]
        offset = np.where(inputs.good[at], points.value[at] - first[group], 0.0)
        mean = reduce.total(offset, starts, ends) / np.maximum(count, 1)
        off = np.where(inputs.good[at], offset - mean[group], 0.0)
        squares = reduce.total(off * off, starts, ends)
        variance = squares / np.maximum(count - 1 if sample else count, 1)
        status = np.where(count == stop - start, GOOD, UNCERTAIN_SUBNORMAL)
        value = variance if squared else np.sqrt(variance)
        values = Values(inputs.cells.label, value, with_bits(status, Bits.CALCULATED))
        return values.or_no_data(count > 0, inputs.cells.label)

    return of
