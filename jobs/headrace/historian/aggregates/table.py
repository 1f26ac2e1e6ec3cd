"""The aggregates by their names in OPC UA Part 13, 5.4.3."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from headrace.errors import UserError
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
    """A name of the standard, what `of` makes of each cell, in words (`doc`), and the `unit` of that.

    `unit` is `value` for the tag's own, else one of `value s`, `value²`, `ms`, `%`, `1`, `StatusCode`. `interval` says
    that the result is one of an interval: Bad_NoData where the interval lies outside a tag's readings, and marked
    where they cover a part of it.
    """

    name: str
    of: Callable[[AggregateInput], Values]
    unit: str
    doc: str
    interval: bool = True
    marks_partial: bool = True

    def __call__(self, inputs: AggregateInput) -> Values:
        """One result a cell, in the order of the cells."""
        found = self.of(inputs)
        if not self.interval:
            return found
        found = found.or_no_data(inputs.covered, inputs.cells.label)
        if not self.marks_partial:
            return found
        return Values(found.ts, found.value, with_bits(found.status, Bits.PARTIAL, inputs.partial))


_ALL = (
    Aggregate(
        "Interpolative",
        interpolative,
        "value",
        "The value where an interval starts, between the usable readings around it.",
        interval=False,
    ),
    # Annex A marks no partial interval of an Average, alone of all that are calculated.
    Aggregate("Average", average, "value", "The mean of the good readings.", marks_partial=False),
    Aggregate(
        "TimeAverage",
        time_average,
        "value",
        "The mean over time of straight lines between usable readings, past those that are not; never stepped.",
    ),
    Aggregate(
        "TimeAverage2",
        time_average_2,
        "value",
        "The mean over the time with usable data, stepped or sloped as the tag is; nothing is drawn past bad readings.",
    ),
    Aggregate("Total", total, "value s", "The integral over time of what TimeAverage averages."),
    Aggregate("Total2", total_2, "value s", "The integral over time of what TimeAverage2 averages."),
    Aggregate("Minimum", extreme(MINIMUM, actual_time=False), "value", "The least good reading."),
    Aggregate("Maximum", extreme(MAXIMUM, actual_time=False), "value", "The greatest good reading."),
    Aggregate(
        "MinimumActualTime",
        extreme(MINIMUM, actual_time=True),
        "value",
        "The least good reading at its own time, the oldest where it recurs.",
    ),
    Aggregate(
        "MaximumActualTime",
        extreme(MAXIMUM, actual_time=True),
        "value",
        "The greatest good reading at its own time, the oldest where it recurs.",
    ),
    Aggregate("Range", value_range, "value", "Maximum less Minimum."),
    Aggregate(
        "Minimum2",
        bounded_extreme(MINIMUM, actual_time=False),
        "value",
        "The least usable value, those at the interval's ends among them.",
    ),
    Aggregate(
        "Maximum2",
        bounded_extreme(MAXIMUM, actual_time=False),
        "value",
        "The greatest usable value, those at the interval's ends among them.",
    ),
    Aggregate(
        "MinimumActualTime2",
        bounded_extreme(MINIMUM, actual_time=True),
        "value",
        "Minimum2 at the time at which it is first reached; at the far end, 1 ms before.",
    ),
    Aggregate(
        "MaximumActualTime2",
        bounded_extreme(MAXIMUM, actual_time=True),
        "value",
        "Maximum2 at the time at which it is first reached; at the far end, 1 ms before.",
    ),
    Aggregate("Range2", bounded_range, "value", "Maximum2 less Minimum2."),
    Aggregate("Count", count, "1", "How many good readings."),
    Aggregate("DurationInStateZero", in_state(zero=True), "ms", "How long the value was good and zero."),
    Aggregate("DurationInStateNonZero", in_state(zero=False), "ms", "How long the value was good and not zero."),
    Aggregate(
        "NumberOfTransitions",
        number_of_transitions,
        "1",
        "How many usable readings differ from the one before; a tag's first reading counts.",
    ),
    Aggregate("Start", reading(at_start=True), "value", "The first reading, of any quality, at its own time."),
    Aggregate("End", reading(at_start=False), "value", "The last reading, of any quality, at its own time."),
    Aggregate("Delta", delta, "value", "The latest good reading less the earliest."),
    Aggregate("StartBound", start_bound, "value", "The simple bounding value where the interval starts."),
    Aggregate("EndBound", end_bound, "value", "The simple bounding value where the interval ends."),
    Aggregate("DeltaBounds", delta_bounds, "value", "The later simple bounding value less the earlier."),
    Aggregate(
        "DurationGood",
        of_quality(good=True, percent=False),
        "ms",
        "How long the last reading was a good one; a tag's very last holds for 1 ms.",
    ),
    Aggregate(
        "DurationBad",
        of_quality(good=False, percent=False),
        "ms",
        "How long the last reading counted as bad, or there was none yet.",
    ),
    Aggregate("PercentGood", of_quality(good=True, percent=True), "%", "DurationGood in percent of the time known of."),
    Aggregate("PercentBad", of_quality(good=False, percent=True), "%", "DurationBad in percent of the time known of."),
    Aggregate("WorstQuality", worst_quality, "StatusCode", "The worst quality of the readings, the first of its kind."),
    Aggregate(
        "WorstQuality2",
        worst_quality_2,
        "StatusCode",
        "The worst quality of the readings and of the values at the interval's ends.",
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
AGGREGATES: Mapping[str, Aggregate] = {each.name: each for each in _ALL}


def named(name: str) -> Aggregate:
    """The aggregate of that name, in whatever case. Raises UserError, the nearest names with it."""
    known = {each.casefold(): each for each in AGGREGATES}
    if name.casefold() in known:
        return AGGREGATES[known[name.casefold()]]
    near = [known[each] for each in difflib.get_close_matches(name.casefold(), known, n=3, cutoff=0.5)]
    raise UserError(f"there is no aggregate '{name}'", fix=f"one of: {', '.join(near or AGGREGATES)}")
