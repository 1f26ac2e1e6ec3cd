"""Rivals that look at streams: STUMPY's matrix profile of each tag, and River's half-space trees of each asset.

Both cost so much per reading that they learn from the last months of the training year only.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import numpy as np
import stumpy  # type: ignore[import-not-found]
from river import anomaly, preprocessing  # type: ignore[import-not-found]

from bench.scoring.farm import MONTH_S, ROWS_PER_DAY, STEP_S, Doubles, Readings
from bench.scoring.protocol import Scored

_QUANTILE = 1 - STEP_S / MONTH_S


class Profile:
    """Yeh et al., Matrix Profile I (ICDM 2016): the distance of the last half day's shape to the nearest learned one.

    The distance does not know level or size: shapes are normalised, which is the usual definition.
    """

    WINDOW = ROWS_PER_DAY // 2
    LEARNED = 30 * ROWS_PER_DAY

    def fit(self, train: Readings) -> None:
        """Keep the last month of each tag, and the distances among their shapes."""
        self._known = [_filled(column[-self.LEARNED :]) for column in train.values.T]
        own = [np.asarray(stumpy.stump(known, self.WINDOW)[:, 0], np.float64) for known in self._known]
        self._limit = [float(np.quantile(each, _QUANTILE)) for each in own]

    def score(self, readings: Readings) -> Scored:
        """Return the distance of the shape that ends at each reading, less the tag's limit."""
        scores = np.full(readings.values.shape, np.nan)
        for at, (known, limit) in enumerate(zip(self._known, self._limit, strict=True)):
            column = readings.values[:, at]
            found = stumpy.stump(_filled(column), self.WINDOW, known, ignore_trivial=False)[:, 0]
            scores[self.WINDOW - 1 :, at] = np.asarray(found, np.float64) - limit
        scores[~np.isfinite(readings.values)] = np.nan
        return Scored(scores, np.nan_to_num(scores, nan=-1.0) > 0)


class HalfSpace:
    """Tan et al., Fast Anomaly Detection for Streaming Data (IJCAI 2011), of the vector of an asset's readings."""

    LEARNED = 60 * ROWS_PER_DAY

    def fit(self, train: Readings) -> None:
        """Learn from the last months of each asset's stream."""
        self._models = {}
        for asset in train.assets:
            pipe = preprocessing.MinMaxScaler() | anomaly.HalfSpaceTrees(seed=0)
            scores = _streamed(pipe, train.values[-self.LEARNED :, train.of_asset(asset)])
            self._models[asset] = pipe, float(np.nanquantile(scores[self.LEARNED // 2 :], _QUANTILE))

    def score(self, readings: Readings) -> Scored:
        """Return the score of each vector, before the trees learn it, less the asset's limit."""
        scores = np.full(readings.values.shape, np.nan)
        for asset, (pipe, limit) in self._models.items():
            columns = readings.of_asset(asset)
            scores[:, columns] = (_streamed(deepcopy(pipe), readings.values[:, columns]) - limit)[:, None]
        return Scored(scores, np.nan_to_num(scores, nan=-1.0) > 0)


def _streamed(pipe: Any, vectors: Doubles) -> Doubles:
    """Return the score of each vector, NaN where a reading is missing; the pipe learns each after its score."""
    scores = np.full(len(vectors), np.nan)
    for at in np.flatnonzero(np.isfinite(vectors).all(axis=1)):
        features = dict(enumerate(vectors[at].tolist()))
        scores[at] = pipe.score_one(features)
        pipe.learn_one(features)
    return scores


def _filled(column: Doubles) -> Doubles:
    """Return the readings with gaps filled on a straight line."""
    there = np.isfinite(column)
    return np.asarray(np.interp(np.arange(len(column)), np.flatnonzero(there), column[there]))
