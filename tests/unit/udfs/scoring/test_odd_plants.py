"""Odd tags next to usual ones: each has scores or a reason, no score is infinite, and none is of a bad reading."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace_udfs.scoring import fit, fit_baseline
from headrace_udfs.scoring.model import Model, Scored
from headrace_udfs.scoring.tags import Tag, refusal

Doubles = npt.NDArray[np.float64]
Positions = npt.NDArray[np.int64]

COUNT = 36 * 40
STEP_US = 2_160_000_000
_RANDOM = np.random.default_rng(7)
LOAD: Doubles = 50.0 + np.cumsum(_RANDOM.normal(0, 1, COUNT)).clip(-30, 30)


def noise(scale: float = 1.0) -> Doubles:
    return np.random.default_rng(8).normal(0, scale, COUNT)


def sparse(values: Doubles, every: int) -> Doubles:
    return np.where(np.arange(COUNT) % every == 0, values, np.nan)


ODD: dict[str, Callable[[], Doubles]] = {
    "constant": lambda: np.full(COUNT, 3.0),
    "constant_but_for_the_last_bit": lambda: np.where(noise() > 0, 20.0, np.nextafter(20.0, 30)),
    "rounding_noise": lambda: 1e6 + noise() * 1e-10,
    "two_values": lambda: (noise() > 0).astype(float),
    "three_values": lambda: np.round(noise()).clip(-1, 1),
    "counter": lambda: np.cumsum(np.abs(noise())),
    "counter_that_wraps": lambda: np.cumsum(np.abs(noise())) % 500,
    "setpoint": lambda: np.floor(np.arange(COUNT) / 710),
    "angle": lambda: np.mod(noise(40), 360),
    "all_null": lambda: np.full(COUNT, np.nan),
    "one_reading": lambda: np.where(np.arange(COUNT) == 9, 1.0, np.nan),
    "two_readings": lambda: np.where(np.arange(COUNT) % 1400 == 9, 1.0, np.nan),
    "every_second": lambda: sparse(LOAD + noise(), 2),
    "bursts": lambda: np.where(np.arange(COUNT) // 100 % 2 == 0, LOAD + noise(), np.nan),
    "tiny": lambda: (LOAD + noise()) * 1e-12,
    "denormal": lambda: (LOAD + noise()) * 1e-310,
    "huge": lambda: (LOAD + noise()) * 1e300,
    "near_the_largest": lambda: np.where(noise() > 0, 1.7e308, -1.7e308) * np.abs(np.sin(np.arange(COUNT))),
    "one_far_value": lambda: np.where(np.arange(COUNT) == 1000, 1e308, LOAD + noise()),
    "infinite_now_and_then": lambda: np.where(np.arange(COUNT) % 97 == 0, np.inf, LOAD + noise()),
    "mostly_zero": lambda: np.where(noise() > 1.5, LOAD, 0.0),
    "copy_of_the_load": lambda: LOAD + 0.0,
    "heavy_tails": lambda: np.random.default_rng(9).standard_cauchy(COUNT) ** 3,
    "steps": lambda: np.repeat(np.random.default_rng(4).normal(0, 100, COUNT // 48), 48),
}
BUDGETS = pytest.mark.parametrize("kind", ["regime", "budget", "limit"])


def fitted(kind: str, tags: list[Tag], times: Positions, values: Doubles) -> Model:
    if kind == "regime":
        return fit.fit(tags, times, values)
    return fit_baseline.fit(tags, times, values, budget=0.5 if kind == "budget" else None)


def plant(name: str, odd: Doubles) -> tuple[list[Tag], Positions, Doubles]:
    names = ("load", "heat", "odd")
    tags = [Tag(each, name == "angle" and each == "odd", tuple(o for o in names if o != each)) for each in names]
    return tags, np.arange(COUNT) * STEP_US, np.stack([LOAD, LOAD / 2 + noise(0.3), odd], axis=1)


def checked(known: Model, times: Positions, values: Doubles) -> Scored:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = known.score(known.fresh(), times, values)[1]
    assert not np.isinf(found.score).any()
    assert np.isnan(found.score[~np.isfinite(values)]).all()
    assert not found.anomaly[np.isnan(found.score)].any()
    for part in (found.expected, found.low, found.high):
        assert not np.isinf(part).any()
    for at, tag in enumerate(known.tags):
        if tag.name in known.refused:
            assert np.isnan(found.score[:, at]).all()
    return found


@BUDGETS
@pytest.mark.parametrize("name", ODD)
def test_an_odd_tag_has_scores_or_a_reason_and_spoils_no_other(kind: str, name: str) -> None:
    tags, times, values = plant(name, ODD[name]())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        known = fitted(kind, tags, times, values)
    found = checked(known, times, values)
    later = values.copy()
    later[100:200, 2] = [np.nan, np.inf, 1e308, -1e308, 0.0] * 20
    checked(known, times, later)
    if "odd" not in known.refused:
        there = np.isfinite(values[:, 2])
        assert np.isfinite(found.score[there, 2]).mean() > 0.9
        assert found.anomaly[there, 2].mean() < 0.2 or kind == "limit"
    assert np.isfinite(found.score[:, 1]).mean() > 0.4 or kind == "regime"


@pytest.mark.parametrize("scale", [1e-12, 1e-6, 1e6, 1e12])
@BUDGETS
def test_the_unit_of_a_tag_does_not_matter(kind: str, scale: float) -> None:
    tags, times, values = plant("", LOAD + noise())
    faulty, unit = values.copy(), np.array([1, 1, scale])
    faulty[1100:1200, 2] += 20
    one = checked(fitted(kind, tags, times, values), times, faulty)
    two = checked(fitted(kind, tags, times, values * unit), times, faulty * unit)
    np.testing.assert_allclose(one.score[:, 2], two.score[:, 2], atol=0.05)
    if kind == "regime":
        assert one.anomaly[1100:1200, 2].all()


_ODD_READING = st.one_of(
    st.floats(allow_nan=True, allow_infinity=True), st.sampled_from([0.0, -0.0, 5e-324, 1.7e308, -1.7e308, 50.0])
)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(_ODD_READING, min_size=3, max_size=3), min_size=1, max_size=12),
    st.lists(st.integers(-(2**62), 2**62), min_size=12, max_size=12, unique=True).map(sorted),
)
@BUDGETS
def test_no_reading_and_no_clock_makes_an_infinite_score(kind: str, rows: list[list[float]], times: list[int]) -> None:
    values = np.array(rows)
    checked(_KNOWN[kind], np.array(times[: len(rows)], np.int64), values)


_KNOWN = {kind: fitted(kind, *plant("", LOAD + noise())) for kind in ("regime", "budget", "limit")}


def test_what_is_odd_is_recognised_by_its_kind() -> None:
    times = np.arange(COUNT) * STEP_US
    reasons = {name: refusal(times, made()) for name, made in ODD.items()}
    assert {name: why for name, why in reasons.items() if why} == {
        "constant": "constant",
        "denormal": "constant",
        "huge": "not a quantity: its readings are beyond 1e+30",
        "near_the_largest": "not a quantity: its readings are beyond 1e+30",
        "constant_but_for_the_last_bit": "constant",
        "rounding_noise": "constant",
        "two_values": "a switch: two values",
        "counter": "a counter: it only rises",
        "setpoint": "a setpoint: it seldom moves",
        "all_null": "learning: no reading is a good number yet",
        "one_reading": "learning: 0 of 30 days",
        "two_readings": "learning: 2 of 1000 readings",
        "every_second": "learning: 720 of 1000 readings",
        "bursts": "learning: 740 of 1000 readings",
    }
