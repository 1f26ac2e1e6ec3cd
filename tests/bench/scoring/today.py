"""The step `score` of the product as it is, and the same with a baseline for each month and time of day."""

from __future__ import annotations

import numpy as np

from bench.scoring.farm import Doubles, Integers, Readings
from bench.scoring.protocol import Scored
from headrace_udfs.score import baseline, is_anomaly, modified_z

_HOURS = 3


class Today:
    """The product's median and MAD of each tag."""

    def fit(self, train: Readings) -> None:
        """Learn the product's baseline of each tag."""
        self._baselines = np.array([baseline(column) for column in train.values.T])

    def score(self, readings: Readings) -> Scored:
        """Return the absolute modified z-score, and the product's flags."""
        median, mad = self._baselines.T
        return _scored(readings.values, median + np.zeros_like(readings.values), mad + np.zeros_like(readings.values))


class Seasonal:
    """The product's median and MAD of each tag, one per month and three hours of the day."""

    def fit(self, train: Readings) -> None:
        """Learn a baseline of each tag and season."""
        seasons = _seasons(train.times)
        known = [[baseline(train.values[seasons == s, at]) for s in range(12 * 24 // _HOURS)]
                 for at in range(len(train.tags))]  # fmt: skip
        self._baselines = np.array(known)

    def score(self, readings: Readings) -> Scored:
        """Return the absolute modified z-score against the season's baseline, and the product's flags."""
        median, mad = np.moveaxis(self._baselines[:, _seasons(readings.times)], 0, 1).transpose(2, 0, 1)
        return _scored(readings.values, median, mad)


def _scored(values: Doubles, median: Doubles, mad: Doubles) -> Scored:
    good = np.zeros(values.size, np.int64)
    score = modified_z(values.ravel(), good, np.ascontiguousarray(median).ravel(), np.ascontiguousarray(mad).ravel())
    return Scored(np.abs(score).reshape(values.shape), is_anomaly(score).reshape(values.shape))


def _seasons(times: Integers) -> Integers:
    """Return the season of each time (epoch seconds): its month of the year and three hours of the day."""
    month = times.astype("datetime64[s]").astype("datetime64[M]").astype(np.int64) % 12
    return np.asarray(month * (24 // _HOURS) + times % 86400 // (3600 * _HOURS))
