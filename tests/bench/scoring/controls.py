"""Scorers that know nothing: a measure that one of them does well on is not a measure."""

from __future__ import annotations

import numpy as np

from bench.scoring.farm import MONTH_S, STEP_S, Readings
from bench.scoring.protocol import Scored


class Always:
    """Flags every reading."""

    def fit(self, train: Readings) -> None:
        """Learn nothing."""

    def score(self, readings: Readings) -> Scored:
        """Return the score 1 and a flag for each reading."""
        there = np.isfinite(readings.values)
        return Scored(np.where(there, 1.0, np.nan), there)


class Never:
    """Flags no reading."""

    def fit(self, train: Readings) -> None:
        """Learn nothing."""

    def score(self, readings: Readings) -> Scored:
        """Return the score 0 and no flag for each reading."""
        there = np.isfinite(readings.values)
        return Scored(np.where(there, 0.0, np.nan), np.zeros_like(there))


class Random:
    """Flags readings at random, about one per tag and month; each call draws again, so a pair of runs differs."""

    def __init__(self) -> None:
        self._random = np.random.default_rng(0)

    def fit(self, train: Readings) -> None:
        """Learn nothing."""

    def score(self, readings: Readings) -> Scored:
        """Return uniform scores."""
        scores = np.where(np.isfinite(readings.values), self._random.random(readings.values.shape), np.nan)
        return Scored(scores, scores > 1 - STEP_S / MONTH_S)
