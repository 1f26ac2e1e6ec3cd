"""Average: the mean of readings, each counting alike."""

from __future__ import annotations

import numpy as np

from headrace.historian.aggregates import reduce
from headrace.historian.aggregates.aggregate_input import AggregateInput, Values
from headrace.historian.series.status import Bits, is_bad, with_bits


def average(question: AggregateInput) -> Values:
    """The good readings' mean; Bad_NoData where there is none, else the status of their share of all."""
    start, stop = question.inside
    count = reduce.count(question.good, start, stop)
    total = reduce.total(np.where(question.good, question.points.value, 0.0), start, stop)
    status = with_bits(question.by_count(), Bits.CALCULATED)
    value = np.where(is_bad(status), np.nan, total / np.maximum(count, 1))
    return Values(question.cells.label, value, status).or_no_data(count > 0, question.cells.label)
