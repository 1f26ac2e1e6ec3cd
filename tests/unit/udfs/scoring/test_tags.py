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
        (np.full(5000, np.nan), "learning: no reading is a good number yet"),
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
    assert refusal(np.empty(0, np.int64), np.empty(0)) == "learning: no reading is a good number yet"


def test_a_tag_that_began_lately_is_learning_however_long_the_span_is() -> None:
    times, values = np.arange(9000) * 600_000_000, np.concatenate([np.full(6000, np.nan), noise[:3000]])
    assert refusal(times, values) == "learning: 20 of 30 days"
