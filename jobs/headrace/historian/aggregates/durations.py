"""Durations in a state (DurationInStateZero, NonZero) and of a quality (DurationGood, Bad; PercentGood, Bad)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from headrace.historian.aggregates.aggregate_input import AggregateInput, Values
from headrace.historian.aggregates.regions import Regions
from headrace.historian.series.points import Floats
from headrace.historian.series.status import GOOD, Bits, is_bad, with_bits

_US_PER_MS = 1e3


def in_state(*, zero: bool) -> Callable[[AggregateInput], Values]:
    """Return the aggregate of the milliseconds of good quality in which the value is zero, or is not zero."""

    def of(inputs: AggregateInput) -> Values:
        regions = Regions.simple(inputs, inputs.simple_start, np.ones(len(inputs.cells), np.bool_))
        duration = regions.time(regions.good & ((regions.begin == 0) == zero)) / _US_PER_MS
        status = regions.by_time(inputs)
        value = np.where(is_bad(status), np.nan, duration)
        return Values(inputs.cells.label, value, with_bits(status, Bits.CALCULATED))

    return of


def of_quality(*, good: bool, percent: bool) -> Callable[[AggregateInput], Values]:
    """Return the aggregate of the time for which the last reading was good, or was bad.

    In milliseconds, or in percent of the known time. A reading's quality holds until the next one; before a tag's first
    reading it is bad.
    """

    def of(inputs: AggregateInput) -> Values:
        regions = Regions.simple(inputs, inputs.held_start, np.ones(len(inputs.cells), np.bool_))
        duration: Floats = regions.time(regions.good if good else regions.void)
        value = duration / regions.whole_time() * 100 if percent else duration / _US_PER_MS
        status = with_bits(np.full(len(value), GOOD), Bits.CALCULATED)
        return Values(inputs.cells.label, value, status)

    return of
