"""Thresholds: the budget that they keep, and what does not raise them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from headrace_udfs.scoring import thresholds
from headrace_udfs.scoring.channels import CHANNELS

Doubles = npt.NDArray[np.float64]
MONTHS, PER_MONTH = 12.0, 4383
TURNS = np.array([True, False])


def statistics(seed: int) -> Doubles:
    """Exponential statistics of two tags, in every channel, of a year."""
    return np.random.default_rng(seed).exponential(1.0, (len(CHANNELS), int(MONTHS) * PER_MONTH, 2))


@pytest.mark.parametrize("budget", [0.25, 0.5, 2.0])
def test_another_year_has_about_the_budget_of_events(budget: float) -> None:
    found = thresholds.calibrated(statistics(1), MONTHS, budget, TURNS)
    rates = [
        thresholds.events_per_month(found.rarity(statistics(seed), budget), budget, MONTHS).mean()
        for seed in range(2, 8)
    ]
    assert budget / 2.5 < np.mean(rates) < budget * 2.5


def test_at_the_threshold_the_score_is_that_of_the_budget() -> None:
    found = thresholds.calibrated(statistics(1), MONTHS, 0.5, TURNS)
    np.testing.assert_allclose(found.rarity(found.level[:, None], 0.5)[..., TURNS], -np.log10(0.5))


def test_some_real_faults_change_a_threshold_little() -> None:
    usual = statistics(1)
    spoiled = usual.copy()
    for start in range(1000, spoiled.shape[1], 12000):
        spoiled[:, start : start + 20] += 50
    before, after = (thresholds.calibrated(each, MONTHS, 0.5, TURNS).level for each in (usual, spoiled))
    assert (after[:-1] < before[:-1] * 1.6).all()


def test_flags_within_an_hour_are_one_event() -> None:
    rarity = np.full((1, 100, 1), -5.0)
    rarity[0, [10, 16, 23, 60]] = 5.0
    assert thresholds.events_per_month(rarity, 1.0, 1.0).tolist() == [3.0]


def test_a_threshold_is_near_what_the_span_has_shown() -> None:
    """A tail that ends, as that of a direction does, is not continued to where no value can be."""
    ends = np.minimum(statistics(1), 12.0)
    ends[:, :: PER_MONTH // 8] = np.linspace(9, 12, len(range(0, ends.shape[1], PER_MONTH // 8)))[:, None]
    found = thresholds.calibrated(ends, MONTHS, 0.5, TURNS)
    stuck, turned = CHANNELS.index("stuck"), CHANNELS.index("turned")
    others = [at for at in range(len(CHANNELS)) if at not in {stuck, turned}]
    assert (found.level[others] < 13).all()
    assert found.level[turned, 0] >= 10 * np.sqrt(288)
    assert found.level[turned, 1] == np.inf
