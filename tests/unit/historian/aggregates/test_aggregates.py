"""The aggregates of Part 13 on series small enough to calculate by hand; vectors.yaml has the working."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from headrace.errors import UserError
from headrace.historian.aggregates import AGGREGATES, named
from headrace.historian.series.configuration import Configuration
from support.historian_questions import S, ask, question

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


def test_a_tag_that_has_never_reported_has_no_data() -> None:
    for name in AGGREGATES:
        result = ask(name, question([], (0, 5), (5, 10)))
        assert list(result.status) == [CODES["ND"]] * 2, name


def test_an_aggregate_is_found_in_any_case_and_a_wrong_name_suggests_the_nearest() -> None:
    assert named("timeaverage2").name == "TimeAverage2"
    with pytest.raises(UserError, match="one of: TimeAverage"):
        named("TimeAvrage")


@pytest.mark.parametrize(
    "wrong", [{"percent_data_bad": 101}, {"percent_data_good": -1}, {"percent_data_good": 0, "percent_data_bad": 0}]
)
def test_percentages_that_cannot_be_met_or_contradict_each_other_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(UserError):
        Configuration(**wrong)
