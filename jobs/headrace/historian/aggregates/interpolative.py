"""Interpolative: the value at the start of each interval."""

from __future__ import annotations

import numpy as np

from headrace.historian.aggregates.aggregate_input import AggregateInput, Values
from headrace.historian.series.status import is_bad


def interpolative(inputs: AggregateInput) -> Values:
    """Return the interpolated bounding value at the label of each interval."""
    bound = inputs.interpolated_at(inputs.cells.label, inputs.cell_stepped)
    return Values(inputs.cells.label, np.where(is_bad(bound.status), np.nan, bound.value), bound.status)
