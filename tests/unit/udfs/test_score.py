"""The modified z-score: its value, what it does not depend on, and when there is none."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from headrace_udfs.score import LIMIT, baseline, is_anomaly, modified_z

GOOD, UNCERTAIN, BAD = 0, 0x40000000, 0x80000000

Doubles = npt.NDArray[np.float64]

values = st.lists(st.integers(-1000, 1000).map(float), min_size=1, max_size=50).map(np.array)


def score(readings: Doubles, median: float, mad: float, quality: int = GOOD) -> Doubles:
    n = len(readings)
    return modified_z(readings, np.full(n, quality), np.full(n, median), np.full(n, mad))


def test_the_score_is_that_of_iglewicz_and_hoaglin() -> None:
    readings = np.array([2.1, 2.6, 2.4, 2.5, 2.3, 2.1, 2.3, 2.6, 8.2, 8.3])
    median, mad = baseline(readings)
    assert median == pytest.approx(2.45)
    assert mad == pytest.approx(0.15)
    scores = score(readings, median, mad)
    assert scores[8] == pytest.approx(0.6745 * (8.2 - 2.45) / 0.15)
    assert is_anomaly(scores).tolist() == [False] * 8 + [True] * 2


@given(values, st.integers(-1000, 1000), st.integers(1, 100))
def test_the_score_does_not_depend_on_unit_or_zero(readings: Doubles, shift: int, scale: int) -> None:
    before = score(readings, *baseline(readings))
    moved = readings * float(scale) + float(shift)
    np.testing.assert_allclose(score(moved, *baseline(moved)), before, rtol=1e-9, equal_nan=True)


@given(values)
def test_the_score_mirrors_with_the_readings(readings: Doubles) -> None:
    np.testing.assert_array_equal(score(-readings, *baseline(-readings)), -score(readings, *baseline(readings)))


@given(values)
def test_at_least_half_of_the_readings_behind_a_baseline_are_not_anomalies(readings: Doubles) -> None:
    scores = score(readings, *baseline(readings))
    assume(not np.isnan(scores).any())
    assert np.count_nonzero(is_anomaly(scores)) <= len(readings) / 2


@given(values, st.sampled_from([UNCERTAIN, BAD, 0x40900000, 0x80890500, 0xFFFFFFFF]))
def test_a_quality_that_is_not_good_gets_no_score(readings: Doubles, quality: int) -> None:
    assert np.isnan(score(readings, 0.0, 1.0, quality)).all()


def test_good_with_additional_bits_is_good() -> None:
    assert not np.isnan(score(np.array([1.0]), 0.0, 1.0, 0x00960500)).any()


@pytest.mark.parametrize(
    ("value", "median", "mad"),
    [(np.nan, 1, 1), (1, np.nan, 1), (1, 1, np.nan), (1, 1, 0), (2, 1, 0), (1, np.nan, np.nan)],
)
def test_there_is_no_score_without_value_baseline_or_scale(value: float, median: float, mad: float) -> None:
    scores = score(np.array([value]), median, mad)
    assert np.isnan(scores).all()
    assert is_anomaly(scores).tolist() == [False]


def test_a_score_at_the_limit_is_not_an_anomaly() -> None:
    assert is_anomaly(np.array([LIMIT, -LIMIT, np.nextafter(LIMIT, 4), -np.nextafter(LIMIT, 4), np.inf])).tolist() == [
        False, False, True, True, True,
    ]  # fmt: skip


def test_without_readings_there_is_no_baseline() -> None:
    assert np.isnan(baseline(np.array([np.nan]))).all()
    assert np.isnan(baseline(np.array([]))).all()


@given(values)
def test_a_baseline_ignores_missing_values(readings: Doubles) -> None:
    with_gaps = np.append(readings, [np.nan, np.nan])
    assert baseline(with_gaps) == baseline(readings)


def test_a_scale_that_is_only_rounding_gives_no_infinite_score() -> None:
    assert np.isnan(score(np.array([21.0, 1.7e308, -1.7e308]), 20.0, 1e-310)).all()
    assert np.isnan(score(np.array([1.7e308]), -1.7e308, 1e10)).all()
    assert np.isfinite(score(np.array([1e300]), 0.0, 1.0)).all()
