"""Means and integrals over time: TimeAverage and Total; TimeAverage2 and Total2 with simple bounds."""

from __future__ import annotations

import numpy as np

from headrace.historian.aggregates import reduce
from headrace.historian.aggregates.aggregate_input import AggregateInput, Values
from headrace.historian.aggregates.regions import Regions
from headrace.historian.series.points import Floats
from headrace.historian.series.status import GOOD, UNCERTAIN_SUBNORMAL, Bits, Status, is_bad, with_bits

_US_PER_S = 1e6


def time_average(inputs: AggregateInput) -> Values:
    """Return the mean of the lines between usable readings, over the time that they cover."""
    regions = Regions.interpolated(inputs)
    return _of(inputs, regions, _mean(regions), _all_good(regions))


def total(inputs: AggregateInput) -> Values:
    """Return the integral of the same lines, in the value's unit times seconds."""
    regions = Regions.interpolated(inputs)
    return _of(inputs, regions, _integral(regions), _all_good(regions))


def time_average_2(inputs: AggregateInput) -> Values:
    """Return the mean over the time that is not void, stepped or sloped according to the tag."""
    regions = Regions.simple(inputs, inputs.simple_start, inputs.cell_stepped)
    return _of(inputs, regions, _mean(regions), regions.by_time(inputs))


def total_2(inputs: AggregateInput) -> Values:
    """Return the integral over the time that is not void, in the value's unit times seconds."""
    regions = Regions.simple(inputs, inputs.simple_start, inputs.cell_stepped)
    return _of(inputs, regions, _integral(regions), regions.by_time(inputs))


def _integral(regions: Regions) -> Floats:
    return regions.total(regions.area, ~regions.void) / _US_PER_S


def _mean(regions: Regions) -> Floats:
    known = regions.time(~regions.void)
    mean = regions.total(regions.area, ~regions.void) / np.where(known > 0, known, 1)
    lowest, highest = np.fmin(regions.begin, regions.end), np.fmax(regions.begin, regions.end)
    return reduce.limited(mean, lowest, highest, regions.first, regions.stop)


def _all_good(regions: Regions) -> Status:
    return np.where(regions.time(~regions.good) > 0, UNCERTAIN_SUBNORMAL, GOOD)


def _of(inputs: AggregateInput, regions: Regions, value: Floats, status: Status) -> Values:
    values = Values(inputs.cells.label, np.where(is_bad(status), np.nan, value), with_bits(status, Bits.CALCULATED))
    return values.or_no_data(regions.time(~regions.void) > 0, inputs.cells.label)
