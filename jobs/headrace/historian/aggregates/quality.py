"""The worst of qualities: WorstQuality of readings, WorstQuality2 with the simple bounding values."""

from __future__ import annotations

import numpy as np

from headrace.historian.aggregates.aggregate_input import AggregateInput, Values
from headrace.historian.aggregates.extremes import MAXIMUM, find
from headrace.historian.aggregates.sequence import Sequence
from headrace.historian.series.points import Ints
from headrace.historian.series.status import GOOD, Bits, Status, code, severity, with_bits


def worst_quality(question: AggregateInput) -> Values:
    """The StatusCode of the first reading of the worst severity, as a number."""
    return _worst(question, question.points.quality, *question.inside)


def worst_quality_2(question: AggregateInput) -> Values:
    """The same, bounding values counting as readings."""
    sequence = Sequence.of(question, question.simple_start, question.simple_end)
    return _worst(question, sequence.status, sequence.first, sequence.stop)


def _worst(question: AggregateInput, status: Status, start: Ints, stop: Ints) -> Values:
    level = severity(status).astype(float)
    found = find(level, np.ones(len(level), np.bool_), start, stop, MAXIMUM)
    worst = np.append(code(status), GOOD)[found.index]
    several = (found.count > 1) & (severity(worst) > 0)
    result = with_bits(np.full(len(worst), GOOD), Bits.CALCULATED)
    values = Values(question.cells.label, worst.astype(float), with_bits(result, Bits.MULTIPLE, several))
    return values.or_no_data(found.index >= 0, question.cells.label)
