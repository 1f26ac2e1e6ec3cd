"""Average: the mean of readings, all with equal weight."""

from __future__ import annotations

import numpy as np

from headrace.historian.aggregates import reduce
from headrace.historian.aggregates.aggregate_input import AggregateInput, Values
from headrace.historian.series.status import Bits, is_bad, with_bits


def average(inputs: AggregateInput) -> Values:
    """Return the mean of the good readings, with the status of their share of all readings (Part 13, 5.4.3.2.1).

    Bad_NoData if a cell has no good reading.
    """
    (start, stop), good = inputs.inside, np.where(inputs.good, inputs.points.value, np.nan)
    count = reduce.count(inputs.good, start, stop)
    total = reduce.total(np.nan_to_num(good), start, stop)
    status = with_bits(inputs.by_count(), Bits.CALCULATED)
    mean = reduce.limited(total / np.maximum(count, 1), good, good, start, stop)
    value = np.where(is_bad(status), np.nan, mean)
    return Values(inputs.cells.label, value, status).or_no_data(count > 0, inputs.cells.label)
