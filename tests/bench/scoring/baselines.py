"""The product's baselines, which look at one tag at a time, and the same with a baseline per month and time of day."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from bench.scoring.farm import Integers, Readings
from bench.scoring.protocol import Scored
from headrace_udfs.scoring import fit_baseline
from headrace_udfs.scoring.tags import Tag

_HOURS = 3
_LIMIT = 3.5
_NORMAL_QUARTILE = 0.6745


class Baseline:
    """The product's kind baseline with its limit of 3.5 scales."""

    budget: ClassVar[float | None] = None

    def fit(self, train: Readings) -> None:
        """Learn the model."""
        tags = [Tag(tag.name, tag.angle) for tag in train.tags]
        self._model = fit_baseline.fit(tags, train.times * 1_000_000, train.values, budget=self.budget)

    def score(self, readings: Readings) -> Scored:
        """Return the model's scores and flags."""
        _, found = self._model.score(self._model.fresh(), readings.times * 1_000_000, readings.values)
        return Scored(found.score, found.anomaly)


class ByBudget(Baseline):
    """The same with a limit per tag by the budget of false events."""

    budget: ClassVar[float | None] = 0.5


class Seasonal:
    """The median and MAD of each tag, one per month and three hours of the day."""

    def fit(self, train: Readings) -> None:
        """Learn a baseline of each tag and season."""
        seasons = _seasons(train.times)
        parts = [train.values[seasons == season] for season in range(12 * 24 // _HOURS)]
        self._median = np.array([np.nanmedian(part, axis=0) for part in parts])
        self._mad = np.array(
            [np.nanmedian(np.abs(part - middle), axis=0) for part, middle in zip(parts, self._median, strict=True)]
        )

    def score(self, readings: Readings) -> Scored:
        """Return the absolute modified z-score against the season's baseline, and flags above the usual limit."""
        at = _seasons(readings.times)
        mad = self._mad[at]
        with np.errstate(divide="ignore", invalid="ignore"):
            score = np.abs(_NORMAL_QUARTILE * (readings.values - self._median[at]) / mad)
        score = np.where(mad > 0, score, np.nan)
        return Scored(score, score > _LIMIT)


def _seasons(times: Integers) -> Integers:
    """Return the season of each time (epoch seconds): its month of the year and three hours of the day."""
    month = times.astype("datetime64[s]").astype("datetime64[M]").astype(np.int64) % 12
    return np.asarray(month * (24 // _HOURS) + times % 86400 // (3600 * _HOURS))
