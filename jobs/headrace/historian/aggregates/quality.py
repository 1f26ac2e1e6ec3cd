"""The worst quality: WorstQuality of the readings, WorstQuality2 including the simple bounding values."""

from __future__ import annotations

import numpy as np

from headrace.historian.aggregates.aggregate_input import AggregateInput, Values
from headrace.historian.aggregates.extremes import MAXIMUM, find
from headrace.historian.aggregates.sequence import Sequence
from headrace.historian.series.points import Ints
from headrace.historian.series.status import GOOD, Bits, Status, code, severity, with_bits


def worst_quality(inputs: AggregateInput) -> Values:
    """Return the StatusCode of the first reading of the worst severity, as a number."""
    return _worst(inputs, inputs.points.quality, *inputs.inside)


def worst_quality_2(inputs: AggregateInput) -> Values:
    """Return the same, including the bounding values."""
    sequence = Sequence.of(inputs, inputs.simple_start, inputs.simple_end)
    return _worst(inputs, sequence.status, sequence.first, sequence.stop)


def _worst(inputs: AggregateInput, status: Status, start: Ints, stop: Ints) -> Values:
    level = severity(status).astype(float)
    extremes = find(level, np.ones(len(level), np.bool_), start, stop, MAXIMUM)
    worst = np.append(code(status), GOOD)[extremes.first]
    several = (extremes.count > 1) & (severity(worst) > 0)
    result = with_bits(np.full(len(worst), GOOD), Bits.CALCULATED)
    values = Values(inputs.cells.label, worst.astype(float), with_bits(result, Bits.MULTIPLE, several))
    return values.or_no_data(extremes.count > 0, inputs.cells.label)
