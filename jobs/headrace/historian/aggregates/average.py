"""Average: the mean of readings, each counting alike."""

from __future__ import annotations

import numpy as np

from headrace.historian.aggregates import reduce
from headrace.historian.aggregates.aggregate_input import AggregateInput, Values
from headrace.historian.series.status import Bits, is_bad, with_bits


def average(inputs: AggregateInput) -> Values:
    """The good readings' mean; Bad_NoData where there is none, else the status of their share of all."""
    start, stop = inputs.inside
    count = reduce.count(inputs.good, start, stop)
    total = reduce.total(np.where(inputs.good, inputs.points.value, 0.0), start, stop)
    status = with_bits(inputs.by_count(), Bits.CALCULATED)
    value = np.where(is_bad(status), np.nan, total / np.maximum(count, 1))
    return Values(inputs.cells.label, value, status).or_no_data(count > 0, inputs.cells.label)
