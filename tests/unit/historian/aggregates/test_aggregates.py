"""The aggregates of Part 13 on series small enough to calculate by hand; vectors.yaml has the working."""

from __future__ import annotations

import dataclasses
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from headrace.errors import UserError
from headrace.historian.aggregates import AGGREGATES, named
from headrace.historian.series.configuration import Configuration
from support.historian_questions import Reading, S, ask, question

CODES = {"G": 0, "U": 0x40000000, "SN": 0x40A40000, "B": 0x80000000, "ND": 0x809B0000}
BITS = {"c": 1, "i": 2, "p": 4, "m": 16}
FILE: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "vectors.yaml").read_text(encoding="utf-8"))
VECTORS = [(name, vector) for name, vectors in FILE["vectors"].items() for vector in vectors]


def status(text: str) -> int:
    code, *bits = text.split()
    return CODES[code] | sum(BITS[bit] for bit in bits) | (0x400 if bits else 0)


@pytest.mark.parametrize(("name", "vector"), VECTORS, ids=[f"{name}-{vector['in']}" for name, vector in VECTORS])
def test_a_result_matches_the_calculation_by_hand(name: str, vector: dict[str, Any]) -> None:
    series = FILE["series"][vector.get("of", "tank")]
    start, end = FILE["intervals"].get(str(vector["in"]), vector["in"])
    result = ask(
        name,
        question(
            [(at, value, CODES[quality]) for at, value, quality in series["rows"]],
            (start, end),
            stepped=series["stepped"],
            configuration=Configuration(**(FILE["configuration"] | vector.get("with", {}))),
        ),
    )
    expected = CODES[vector["value"]] if isinstance(vector["value"], str) else vector["value"]
    assert f"{result.status[0]:#010x}" == f"{status(vector['status']):#010x}"
    assert result.ts[0] == round(vector.get("at", start) * S)
    np.testing.assert_allclose(result.value, [np.nan if expected is None else expected], atol=1e-7)


def test_each_aggregate_has_three_vectors_or_more() -> None:
    counts = Counter(name for name, _ in VECTORS)
    assert set(counts) == set(AGGREGATES)
    assert min(counts.values()) >= 3


def test_outside_a_tags_readings_every_aggregate_of_an_interval_returns_bad_no_data() -> None:
    inputs = question([(10, 1.0, 0), (20, 2.0, 0)], (0, 5), (25, 30))
    for name, aggregate in AGGREGATES.items():
        if aggregate.interval:
            result = ask(name, inputs)
            assert list(result.status) == [CODES["ND"]] * 2, name
            assert np.isnan(result.value).all()
            assert list(result.ts) == [0, 25 * S]


@pytest.mark.parametrize(
    "series", [[(60, 10.0, 0), (120, 20.0, 0)], [(59, None, CODES["ND"]), (60, 10.0, 0), (120, 20.0, 0)]]
)
@pytest.mark.parametrize("stepped", [False, True])
@pytest.mark.parametrize(("edges", "reverse"), [((0, 60), False), ((120, 180), True)])
def test_an_interval_whose_excluded_end_is_at_the_first_or_last_reading_has_no_data(
    series: list[Reading], edges: tuple[int, int], reverse: bool, stepped: bool
) -> None:
    whole = question(series, edges, reverse=reverse, stepped=stepped)
    cut_short = dataclasses.replace(whole, cells=dataclasses.replace(whole.cells, truncated=np.array([True])))
    for inputs in (whole, cut_short):
        for name in (name for name, aggregate in AGGREGATES.items() if aggregate.interval):
            result = ask(name, inputs)
            assert (result.status[0], result.ts[0]) == (CODES["ND"], inputs.cells.label[0]), name
            assert np.isnan(result.value[0]), name


@pytest.mark.parametrize(("edges", "reverse"), [((120, 180), False), ((0, 60), True)])
def test_an_interval_whose_included_end_is_at_the_last_or_first_reading_holds_it(
    edges: tuple[int, int], reverse: bool
) -> None:
    result = ask("Count", question([(60, 10.0, 0), (120, 20.0, 0)], edges, reverse=reverse))
    assert result.value[0] == 1


@pytest.mark.parametrize("name", ["Minimum", "Maximum", "Minimum2", "Maximum2"])
@pytest.mark.parametrize("stepped", [False, True])
def test_an_extreme_at_the_start_of_an_interval_is_raw_wherever_else_it_occurs(name: str, stepped: bool) -> None:
    sign = 1 if name.startswith("Minimum") else -1
    series = [(30, 7.0 * sign, 0), (90, 5.0 * sign, 0), (120, 5.0 * sign, 0), (150, 7.0 * sign, 0)]
    back = ask(name, question(series, (60, 120), reverse=True, stepped=stepped))
    ahead = ask(name, question([(210 - at, *rest) for at, *rest in series], (90, 150), stepped=stepped))  # type: ignore[misc]
    assert [f"{each.status[0]:#x}" for each in (back, ahead)] == ["0x410", "0x410"]
    assert back.value[0] == 5 * sign
    if not name.endswith("2"):
        twice = [*series, (120, 6.0 * sign, 0)]
        assert ask(name, question(twice, (60, 120), reverse=True)).status[0] == 0x410
        oldest = ask(f"{name}ActualTime", question(series, (60, 120), reverse=True))
        assert oldest.ts[0] == 90 * S


DEVIATIONS = [f"{kind}{of}" for kind in ("StandardDeviation", "Variance") for of in ("Sample", "Population")]


@pytest.mark.parametrize("value", [0.1, 1 / 3, -1e9 - 0.1, 1e300, 5e-324])
@pytest.mark.parametrize("count", [1, 2, 3, 10, 1001])
def test_equal_readings_deviate_by_exactly_zero_and_are_their_own_mean(value: float, count: int) -> None:
    inputs = question([(at, value, 0) for at in range(count)], (0, count))
    assert [ask(name, inputs).value[0] for name in DEVIATIONS] == [0] * 4
    assert ask("Average", inputs).value[0] == value


def test_a_small_spread_of_large_values_is_exact() -> None:
    inputs = question([(at, 1e9 + at % 2, 0) for at in range(1000)], (0, 1000))
    assert ask("VariancePopulation", inputs).value[0] == 0.25


def test_a_tag_that_has_never_reported_has_no_data() -> None:
    for name in AGGREGATES:
        result = ask(name, question([], (0, 5), (5, 10)))
        assert list(result.status) == [CODES["ND"]] * 2, name


def test_an_aggregate_is_found_in_any_case_and_a_wrong_name_suggests_the_nearest() -> None:
    assert named("timeaverage2").name == "TimeAverage2"
    with pytest.raises(UserError, match="one of: TimeAverage"):
        named("TimeAvrage")
    with pytest.raises(UserError, match=r"one of: Average, TimeAverage2$"):
        named("Mean")
    with pytest.raises(UserError, match="one of: Interpolative, Average"):
        named("x")


@pytest.mark.parametrize(
    "wrong", [{"percent_data_bad": 101}, {"percent_data_good": -1}, {"percent_data_good": 0, "percent_data_bad": 0}]
)
def test_percentages_that_cannot_be_met_or_contradict_each_other_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(UserError):
        Configuration(**wrong)
