"""Which tags cannot be scored, and why."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from headrace_udfs.scoring.tags import refusal

random = np.random.default_rng(1)
noise = random.normal(0, 1, 5000)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (noise, None),
        (np.where(random.random(5000) < 0.7, np.nan, noise), None),
        (noise[:900], "learning: 900 of 1000 readings"),
        (np.full(5000, np.nan), "learning: 0 of 1000 readings"),
        (np.full(5000, 7.0), "constant"),
        (np.where(noise > 0, 1.0, 0.0), "a switch: two values"),
        (np.cumsum(np.abs(noise)), "a counter: it only rises"),
        (np.repeat([50.0, 55.0, 60.0, 52.0, 50.0], 1000), "a setpoint: it seldom moves"),
    ],
)
def test_refusal(values: npt.NDArray[np.float64], reason: str | None) -> None:
    assert refusal(np.arange(len(values)) * 3_600_000_000, values) == reason


def test_a_span_below_a_month_is_learning() -> None:
    assert refusal(np.arange(5000) * 60_000_000, noise) == "learning: 3 of 30 days"
    assert refusal(np.empty(0, np.int64), np.empty(0)) == "learning: 0 of 30 days"
