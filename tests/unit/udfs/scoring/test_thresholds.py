"""Thresholds: the budget that they keep, and what does not raise them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from headrace_udfs.scoring import thresholds
from headrace_udfs.scoring.channels import CHANNELS

Doubles = npt.NDArray[np.float64]
MONTHS, PER_MONTH = 12.0, 4383


def statistics(seed: int) -> Doubles:
    """Exponential statistics of two tags, in every channel, of a year."""
    return np.random.default_rng(seed).exponential(1.0, (len(CHANNELS), int(MONTHS) * PER_MONTH, 2))


@pytest.mark.parametrize("budget", [0.25, 0.5, 2.0])
def test_another_year_has_about_the_budget_of_events(budget: float) -> None:
    found = thresholds.calibrated(statistics(1), MONTHS, budget)
    rates = [
        thresholds.events_per_month(found.rarity(statistics(seed), budget), budget, MONTHS).mean()
        for seed in range(2, 8)
    ]
    assert budget / 2.5 < np.mean(rates) < budget * 2.5


def test_at_the_threshold_the_score_is_that_of_the_budget() -> None:
    found = thresholds.calibrated(statistics(1), MONTHS, 0.5)
    np.testing.assert_allclose(found.rarity(found.level[:, None], 0.5), -np.log10(0.5))


def test_some_real_faults_change_a_threshold_little() -> None:
    usual = statistics(1)
    spoiled = usual.copy()
    for start in range(1000, spoiled.shape[1], 12000):
        spoiled[:, start : start + 20] += 50
    before, after = (thresholds.calibrated(each, MONTHS, 0.5).level for each in (usual, spoiled))
    assert (after[:-1] < before[:-1] * 1.6).all()


def test_flags_within_an_hour_are_one_event() -> None:
    rarity = np.full((1, 100, 1), -5.0)
    rarity[0, [10, 16, 23, 60]] = 5.0
    assert thresholds.events_per_month(rarity, 1.0, 1.0).tolist() == [3.0]
