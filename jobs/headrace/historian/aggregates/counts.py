"""How many: Count, NumberOfTransitions."""

from __future__ import annotations

import numpy as np

from headrace.historian.aggregates import reduce
from headrace.historian.aggregates.aggregate_input import AggregateInput, Values
from headrace.historian.series.points import Ints, Points
from headrace.historian.series.status import BAD, Bits, Mask, is_bad, with_bits


def count(inputs: AggregateInput) -> Values:
    """How many good readings; 0 where an interval has none at all."""
    return _of(inputs, reduce.count(inputs.good, *inputs.inside))


def number_of_transitions(inputs: AggregateInput) -> Values:
    """How many usable readings differ from the usable one before; a tag's first is one."""
    return _of(inputs, reduce.count(changes(inputs.points, inputs.usable), *inputs.inside))


def changes(points: Points, usable: Mask) -> Mask:
    """For each reading, whether it is usable and differs from its tag's usable reading before, if there is one."""
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
