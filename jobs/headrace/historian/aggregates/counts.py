"""Counts of readings: Count and NumberOfTransitions."""

from __future__ import annotations

import numpy as np

from headrace.historian.aggregates import reduce
from headrace.historian.aggregates.aggregate_input import AggregateInput, Values
from headrace.historian.series.points import Ints, Points
from headrace.historian.series.status import BAD, Bits, Mask, is_bad, with_bits


def count(inputs: AggregateInput) -> Values:
    """Return the number of good readings; 0 if a cell has no readings at all."""
    return _of(inputs, reduce.count(inputs.good, *inputs.inside))


def number_of_transitions(inputs: AggregateInput) -> Values:
    """Return the number of usable readings that differ from the previous usable one; a tag's first also counts."""
    return _of(inputs, reduce.count(changes(inputs.points, inputs.usable), *inputs.inside))


def changes(points: Points, usable: Mask) -> Mask:
    """Return for each reading whether it is usable and differs from the tag's previous usable reading, if any."""
    at = np.flatnonzero(usable)
    value, tag = points.value[at], points.tag[at]
    differs = np.ones(len(at), np.bool_)
    differs[1:] = (value[1:] != value[:-1]) | (tag[1:] != tag[:-1])
    changed = np.zeros(len(usable), np.bool_)
    changed[at] = differs
    return changed


def _of(inputs: AggregateInput, number: Ints) -> Values:
    status = inputs.by_count()
    bad = is_bad(status)
    return Values(
        inputs.cells.label,
        np.where(bad, np.nan, number),
        np.where(bad, BAD, with_bits(status, Bits.CALCULATED)),
    )
