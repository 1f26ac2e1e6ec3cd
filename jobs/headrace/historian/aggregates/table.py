"""The aggregates by their names in OPC UA Part 13, 5.4.3."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from headrace.errors import UserError, nearest
from headrace.historian.aggregates.aggregate_input import AggregateInput, Values
from headrace.historian.aggregates.average import average
from headrace.historian.aggregates.bounded_extremes import bounded_extreme, bounded_range
from headrace.historian.aggregates.counts import count, number_of_transitions
from headrace.historian.aggregates.deviation import deviation
from headrace.historian.aggregates.durations import in_state, of_quality
from headrace.historian.aggregates.ends import delta, delta_bounds, end_bound, reading, start_bound
from headrace.historian.aggregates.extremes import MAXIMUM, MINIMUM, extreme, value_range
from headrace.historian.aggregates.interpolative import interpolative
from headrace.historian.aggregates.quality import worst_quality, worst_quality_2
from headrace.historian.aggregates.time_average import time_average, time_average_2, total, total_2
from headrace.historian.series.status import Bits, with_bits


@dataclass(frozen=True)
class Aggregate:
    """An aggregate of the standard: its name, the function that calculates it, and its result in words (`doc`).

    `unit` is `value` for the tag's own unit, or one of `value s`, `value²`, `ms`, `%`, `1`, `StatusCode`. With
    `interval` the result describes a whole interval: it is Bad_NoData if the interval lies outside a tag's readings,
    and with `marks_partial` it has the bit Partial if they cover only a part of it.
    """

    name: str
    of: Callable[[AggregateInput], Values]
    unit: str
    doc: str
    interval: bool = True
    marks_partial: bool = True

    def __call__(self, inputs: AggregateInput) -> Values:
        """Return one result per cell, in the order of the cells."""
        values = self.of(inputs)
        if not self.interval:
            return values
        values = values.or_no_data(inputs.covered, inputs.cells.label)
        if not self.marks_partial:
            return values
        return Values(values.ts, values.value, with_bits(values.status, Bits.PARTIAL, inputs.partial))


_ALL = (
    Aggregate(
        "Interpolative",
        interpolative,
        "value",
        "The value at the start of the interval, interpolated between the usable readings around it.",
        interval=False,
    ),
    # In Annex A, Average is the only calculated aggregate whose partial intervals are not marked.
    Aggregate("Average", average, "value", "The mean of the good readings.", marks_partial=False),
    Aggregate(
        "TimeAverage",
        time_average,
        "value",
        "The time-weighted mean of straight lines between usable readings, across unusable ones; never stepped.",
    ),
    Aggregate(
        "TimeAverage2",
        time_average_2,
        "value",
        "The mean over the time with usable data, stepped or sloped as the tag is; no line crosses a bad reading.",
    ),
    Aggregate("Total", total, "value s", "The integral over time of the lines that TimeAverage averages."),
    Aggregate("Total2", total_2, "value s", "The integral over time of the values that TimeAverage2 averages."),
    Aggregate("Minimum", extreme(MINIMUM, actual_time=False), "value", "The smallest good reading."),
    Aggregate("Maximum", extreme(MAXIMUM, actual_time=False), "value", "The largest good reading."),
    Aggregate(
        "MinimumActualTime",
        extreme(MINIMUM, actual_time=True),
        "value",
        "The smallest good reading at its own time; the oldest of several.",
    ),
    Aggregate(
        "MaximumActualTime",
        extreme(MAXIMUM, actual_time=True),
        "value",
        "The largest good reading at its own time; the oldest of several.",
    ),
    Aggregate("Range", value_range, "value", "Maximum minus Minimum."),
    Aggregate(
        "Minimum2",
        bounded_extreme(MINIMUM, actual_time=False),
        "value",
        "The smallest usable value, including the values at both ends of the interval.",
    ),
    Aggregate(
        "Maximum2",
        bounded_extreme(MAXIMUM, actual_time=False),
        "value",
        "The largest usable value, including the values at both ends of the interval.",
    ),
    Aggregate(
        "MinimumActualTime2",
        bounded_extreme(MINIMUM, actual_time=True),
        "value",
        "Minimum2 at the time it is first reached; 1 ms before the far end if it is reached there.",
    ),
    Aggregate(
        "MaximumActualTime2",
        bounded_extreme(MAXIMUM, actual_time=True),
        "value",
        "Maximum2 at the time it is first reached; 1 ms before the far end if it is reached there.",
    ),
    Aggregate("Range2", bounded_range, "value", "Maximum2 minus Minimum2."),
    Aggregate("Count", count, "1", "The number of good readings."),
    Aggregate("DurationInStateZero", in_state(zero=True), "ms", "The time for which the value was good and zero."),
    Aggregate(
        "DurationInStateNonZero", in_state(zero=False), "ms", "The time for which the value was good and not zero."
    ),
    Aggregate(
        "NumberOfTransitions",
        number_of_transitions,
        "1",
        "The number of usable readings that differ from the previous one; a tag's first reading counts.",
    ),
    Aggregate("Start", reading(at_start=True), "value", "The first reading, of any quality, at its own time."),
    Aggregate("End", reading(at_start=False), "value", "The last reading, of any quality, at its own time."),
    Aggregate("Delta", delta, "value", "The latest good reading minus the earliest."),
    Aggregate("StartBound", start_bound, "value", "The simple bounding value at the start of the interval."),
    Aggregate("EndBound", end_bound, "value", "The simple bounding value at the end of the interval."),
    Aggregate("DeltaBounds", delta_bounds, "value", "The later simple bounding value minus the earlier."),
    Aggregate(
        "DurationGood",
        of_quality(good=True, percent=False),
        "ms",
        "The time for which the last reading was good; a tag's very last reading holds for 1 ms.",
    ),
    Aggregate(
        "DurationBad",
        of_quality(good=False, percent=False),
        "ms",
        "The time for which the last reading counted as bad, or there was none yet.",
    ),
    Aggregate(
        "PercentGood", of_quality(good=True, percent=True), "%", "DurationGood as a percentage of the known time."
    ),
    Aggregate(
        "PercentBad", of_quality(good=False, percent=True), "%", "DurationBad as a percentage of the known time."
    ),
    Aggregate("WorstQuality", worst_quality, "StatusCode", "The worst quality of the readings; of several, the first."),
    Aggregate(
        "WorstQuality2",
        worst_quality_2,
        "StatusCode",
        "The worst quality of the readings and of the values at both ends of the interval.",
    ),
    Aggregate(
        "StandardDeviationSample",
        deviation(sample=True, squared=False),
        "value",
        "The standard deviation of the good readings, over n - 1.",
    ),
    Aggregate(
        "StandardDeviationPopulation",
        deviation(sample=False, squared=False),
        "value",
        "The standard deviation of the good readings, over n.",
    ),
    Aggregate(
        "VarianceSample",
        deviation(sample=True, squared=True),
        "value²",
        "The variance of the good readings, over n - 1.",
    ),
    Aggregate(
        "VariancePopulation",
        deviation(sample=False, squared=True),
        "value²",
        "The variance of the good readings, over n.",
    ),
)
_MEANT: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("mean", "avg", "timeweighted", "twa"), ("Average", "TimeAverage2")),
    **dict.fromkeys(("sum", "integral"), ("Total2", "Total")),
    **dict.fromkeys(("first", "open"), ("Start",)),
    **dict.fromkeys(("last", "close"), ("End",)),
    **dict.fromkeys(("min", "lowest"), ("Minimum",)),
    **dict.fromkeys(("max", "highest"), ("Maximum",)),
    **dict.fromkeys(("std", "stddev", "stdev"), ("StandardDeviationSample", "StandardDeviationPopulation")),
    **dict.fromkeys(("interpolate", "interpolated"), ("Interpolative",)),
}
"""Names of other products and of SQL, in lower case, and the aggregates that mean the same."""

AGGREGATES: Mapping[str, Aggregate] = {each.name: each for each in _ALL}


def named(name: str) -> Aggregate:
    """Return the aggregate of that name, ignoring case. Raises UserError with the nearest names for an unknown one."""
    known = {each.casefold(): each for each in AGGREGATES}
    if name.casefold() in known:
        return AGGREGATES[known[name.casefold()]]
    near = _MEANT.get(name.casefold()) or nearest(name, AGGREGATES, count=3, cutoff=0.6)
    raise UserError(f"there is no aggregate '{name}'", fix=f"use one of: {', '.join(near or AGGREGATES)}")
