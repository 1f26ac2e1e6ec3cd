"""Properties of retrieval that hold for any readings."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from headrace.historian.aggregates import AGGREGATES, reduce
from headrace.historian.aggregates.aggregate_input import AggregateInput
from headrace.historian.aggregates.states import states
from headrace.historian.series.cells import Cells
from headrace.historian.series.configuration import Configuration
from headrace.historian.series.points import Points
from headrace.historian.series.status import is_bad
from headrace.historian.trends.plot import plot
from support.historian_questions import Reading, S, ask, intervals, points, question

unhurried = settings(deadline=None)
of_all_aggregates = settings(deadline=None, max_examples=25)

CODES = st.sampled_from([0, 0, 0, 0x40000000, 0x80000000])
VALUES = st.integers(-50, 50).map(float)
SERIES = st.lists(st.tuples(st.integers(0, 60), VALUES, CODES), max_size=30)
APART = st.lists(st.tuples(st.integers(0, 60), VALUES, CODES), max_size=30, unique_by=lambda reading: reading[0])
GOOD_SERIES = st.lists(st.tuples(st.integers(0, 60), VALUES, st.just(0)), min_size=2, max_size=30)
CONFIGURATIONS = st.builds(
    Configuration,
    treat_uncertain_as_bad=st.booleans(),
    percent_data_bad=st.integers(50, 100),
    percent_data_good=st.integers(50, 100),
    use_sloped_extrapolation=st.booleans(),
)
EQUAL = st.builds(lambda value, count: [value] * count, st.floats(-1e150, 1e150), st.integers(2, 40))
CUTS = st.lists(st.integers(-5, 65), min_size=2, max_size=8, unique=True).map(sorted)


def neighbours(cuts: Sequence[float]) -> list[tuple[float, float]]:
    return list(pairwise(cuts))


@of_all_aggregates
@given(SERIES, CUTS, st.booleans(), CONFIGURATIONS)
def test_every_result_is_one_number_or_none_and_says_which(
    series: list[Reading], cuts: list[int], stepped: bool, configuration: Configuration
) -> None:
    inputs = question(series, *neighbours(cuts), stepped=stepped, configuration=configuration)
    for name in AGGREGATES:
        result = ask(name, inputs)
        assert len(result.ts) == len(result.value) == len(result.status) == len(cuts) - 1, name
        assert (np.isnan(result.value) == is_bad(result.status)).all(), name
        assert result.status.dtype == np.uint32, name


@of_all_aggregates
@given(SERIES, SERIES, CUTS, st.booleans(), CONFIGURATIONS)
def test_many_tags_at_once_give_what_each_gives_alone(
    one: list[Reading], other: list[Reading], cuts: list[int], stepped: bool, configuration: Configuration
) -> None:
    together, *alone = (
        question(known, *neighbours(cuts), stepped=stepped, configuration=configuration)
        for known in (points(one, [], other), points(one), points([]), points(other))
    )
    for name in AGGREGATES:
        for field in ("ts", "value", "status"):
            each = np.concatenate([getattr(ask(name, inputs), field) for inputs in alone])
            np.testing.assert_array_equal(getattr(ask(name, together), field), each, name)


@of_all_aggregates
@given(st.permutations(range(12)), st.lists(st.tuples(st.integers(0, 5), VALUES, CODES), min_size=12, max_size=12))
def test_the_order_in_which_readings_were_stored_does_not_matter(order: list[int], series: list[Reading]) -> None:
    one, other = (question(rows, (0, 3), (3, 9)) for rows in (series, [series[at] for at in order]))
    for name in AGGREGATES:
        for field in ("ts", "value", "status"):
            np.testing.assert_array_equal(getattr(ask(name, one), field), getattr(ask(name, other), field), name)


@unhurried
@given(GOOD_SERIES, CUTS, st.booleans())
@pytest.mark.parametrize("name", ["TimeAverage", "TimeAverage2"])
def test_means_of_parts_weighted_by_time_are_the_mean_of_the_whole(
    name: str, series: list[Reading], cuts: list[int], stepped: bool
) -> None:
    first, last = min(reading[0] for reading in series), max(reading[0] for reading in series)
    inside = sorted({first, last, *(cut for cut in cuts if first < cut < last)})
    if first == last:
        return
    parts = ask(name, question(series, *neighbours(inside), stepped=stepped))
    whole = ask(name, question(series, (first, last), stepped=stepped))
    weights = np.diff(np.array(inside))
    np.testing.assert_allclose((parts.value * weights).sum() / weights.sum(), whole.value[0], atol=1e-9)


@unhurried
@given(SERIES, st.lists(st.integers(1, 59), max_size=6, unique=True), CONFIGURATIONS)
def test_what_adds_up_over_time_adds_up_over_the_parts_of_an_interval(
    series: list[Reading], cuts: list[int], configuration: Configuration
) -> None:
    series = [(0, 1.0, 0), *series, (60, 1.0, 0)]
    options = {"stepped": True, "configuration": _lenient(configuration)}
    parts = question(series, *neighbours([0, *sorted(cuts), 60]), **options)  # type: ignore[arg-type]
    whole = question(series, (0, 60), **options)  # type: ignore[arg-type]
    for name in ("Total2", "DurationGood", "DurationBad", "DurationInStateZero", "DurationInStateNonZero"):
        total = np.nansum(ask(name, parts).value)
        np.testing.assert_allclose(total, ask(name, whole).value[0], atol=1e-6, err_msg=name)


@unhurried
@given(APART, CUTS)
@pytest.mark.parametrize("name", ["Count", "NumberOfTransitions"])
def test_counts_of_parts_add_up(name: str, series: list[Reading], cuts: list[int]) -> None:
    lenient = Configuration(percent_data_good=0)
    parts = ask(name, question(series, *neighbours(cuts), configuration=lenient))
    whole = ask(name, question(series, (cuts[0], cuts[-1]), configuration=lenient))
    assert np.nansum(parts.value) == np.nansum(whole.value)


@of_all_aggregates
@given(APART, CUTS, st.booleans(), CONFIGURATIONS)
def test_reverse_is_forward_reversed_where_no_reading_stands_between_two_intervals(
    series: list[Reading], cuts: list[int], stepped: bool, configuration: Configuration
) -> None:
    edges = [(start + 0.5, end + 0.5) for start, end in neighbours(cuts)]
    forward = question(series, *edges, stepped=stepped, configuration=configuration)
    back = question(series, *edges[::-1], stepped=stepped, reverse=True, configuration=configuration)
    for name in set(AGGREGATES) - {"Interpolative"}:
        ahead, behind = ask(MIRRORED.get(name, name), forward), ask(name, back)
        bits = np.uint32(0xFFFFFFFF if name not in MARKED_BY_END else 0xFFFFF3EC)
        np.testing.assert_array_equal(behind.value, ahead.value[::-1], name)
        np.testing.assert_array_equal(behind.status & bits, ahead.status[::-1] & bits, name)


MIRRORED = {"Start": "End", "End": "Start", "StartBound": "EndBound", "EndBound": "StartBound"}
# The bits Calculated and Interpolated depend on the end that an extreme is at, or that a bound is taken from.
MARKED_BY_END = {
    *(f"{which}imum{what}2" for which in ("Min", "Max") for what in ("", "ActualTime")),
    "StartBound",
    "EndBound",
}


def _between(values: dict[int, float], at: float) -> Fraction | None:
    """Return the interpolated value, exactly; None where there is a reading, or where the line is level."""
    before, after = max(t for t in values if t <= at), min(t for t in values if t >= at)
    if values[before] == values[after]:
        return None
    share = (Fraction(at) - before) / (after - before)
    return Fraction(values[before]) + share * Fraction(values[after] - values[before])


@unhurried
@given(st.dictionaries(st.integers(0, 60), st.integers(-1, 1).map(float), min_size=2), CUTS)
@pytest.mark.parametrize("name", ["Minimum", "Maximum", "Minimum2", "Maximum2"])
def test_an_extreme_of_a_series_and_one_of_its_mirror_image_backwards_have_equal_bits(
    name: str, values: dict[int, float], cuts: list[int]
) -> None:
    values = {-100: 0.0, **values, 100: 0.0}  # the first and the last reading, which have no mirror image, are far away
    edges = neighbours(cuts)
    # Two bounds that are equal but for rounding count as one extreme or as two, by the direction of the interpolation.
    bounds = [(_between(values, start), _between(values, end)) for start, end in edges]
    assume(not any(start == end for start, end in bounds if start is not None))
    ahead = ask(name, question([(at, value, 0) for at, value in values.items()], *edges))
    mirrored: list[Reading] = [(-at, value, 0) for at, value in values.items()]
    back = ask(name, question(mirrored, *((-end, -start) for start, end in edges), reverse=True))
    np.testing.assert_array_equal(back.status, ahead.status)


@unhurried
@given(EQUAL | st.lists(st.floats(-1e150, 1e150), min_size=2, max_size=40), st.booleans())
@pytest.mark.parametrize("name", ["Average", "TimeAverage", "TimeAverage2"])
def test_a_mean_is_never_beyond_the_extremes(name: str, values: list[float], stepped: bool) -> None:
    inputs = question([(at, value, 0) for at, value in enumerate(values)], (0, len(values) - 1), stepped=stepped)
    assert min(values) <= ask(name, inputs).value[0] <= max(values)


@unhurried
@given(SERIES, CUTS)
def test_a_plot_keeps_the_extremes_of_each_interval_its_ends_and_its_worst(
    series: list[Reading], cuts: list[int]
) -> None:
    known = points(series)
    cells = Cells.of(intervals(*neighbours(cuts)), 1)
    chosen = plot(known, cells, pa.nulls(len(known.ts), pa.string()))
    assert (np.diff(chosen) > 0).all()
    for start, end in neighbours(cuts):
        inside = (known.ts >= start * S) & (known.ts < end * S)
        drawn = [at for at in chosen if inside[at]]
        assert len(drawn) <= 5
        values = known.value[inside & ~is_bad(known.quality)]
        if len(values):
            kept = known.value[drawn]
            assert np.nanmin(kept) == values.min()
            assert np.nanmax(kept) == values.max()
            assert [kept[~np.isnan(kept)][0], kept[~np.isnan(kept)][-1]] == [values[0], values[-1]]
        if inside.any():
            assert max(known.quality[drawn] >> 30) == max(known.quality[inside] >> 30)


@unhurried
@given(SERIES, CUTS, CONFIGURATIONS)
def test_times_in_states_and_without_any_fill_the_interval(
    series: list[Reading], cuts: list[int], configuration: Configuration
) -> None:
    inputs = question(series, *neighbours(cuts), configuration=configuration)
    result = states(inputs)
    spent = np.bincount(result.cell, result.time, minlength=len(inputs.cells))
    assert (spent <= inputs.cells.end - inputs.cells.start).all()
    assert (result.readings[result.time == 0] > 0).all()
    readings = np.bincount(result.cell, result.readings, minlength=len(inputs.cells))
    np.testing.assert_array_equal(readings, reduce.count(inputs.usable, *inputs.inside))
    steps = ask("NumberOfTransitions", dataclasses.replace(inputs, configuration=_lenient(configuration)))
    entries = np.bincount(result.cell, result.entries, minlength=len(inputs.cells))
    counted = ~is_bad(steps.status)
    np.testing.assert_array_equal(entries[counted], steps.value[counted])


def _lenient(configuration: Configuration) -> Configuration:
    return dataclasses.replace(configuration, percent_data_good=0, percent_data_bad=100)


def test_no_tags_at_all_give_empty_results() -> None:
    empty = Points.of([], *(np.empty(0, kind) for kind in (np.int64, np.int64, np.float64, np.uint32)))  # type: ignore[arg-type]
    inputs = AggregateInput(empty, Cells.of(intervals((0, 1)), 0), np.empty(0, np.bool_), Configuration())
    for name in AGGREGATES:
        assert len(ask(name, inputs).ts) == 0
