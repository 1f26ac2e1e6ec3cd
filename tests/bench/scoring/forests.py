"""Rivals of scikit-learn and PyOD: outliers of the vector of an asset's readings, without time."""

from __future__ import annotations

from typing import Any

import numpy as np
from pyod.models.ecod import ECOD  # type: ignore[import-not-found]
from sklearn.ensemble import IsolationForest  # type: ignore[import-not-found]

from bench.scoring.farm import MONTH_S, STEP_S, Doubles, Readings
from bench.scoring.protocol import Scored

_SEED = 0


class _PerAsset:
    """One model per asset, over the vector of its readings; all its tags get the vector's score.

    A vector is flagged where its score is higher than all but as many of the training year's as one event per month.
    """

    def _model(self) -> Any:
        raise NotImplementedError

    def _outlierness(self, model: Any, vectors: Doubles) -> Doubles:
        raise NotImplementedError

    def fit(self, train: Readings) -> None:
        """Learn a model of each asset from the rows with all readings."""
        self._models = {}
        for asset in train.assets:
            vectors = train.values[:, train.of_asset(asset)]
            vectors = vectors[np.isfinite(vectors).all(axis=1)]
            model = self._model().fit(vectors)
            limit = float(np.quantile(self._outlierness(model, vectors), 1 - STEP_S / MONTH_S))
            self._models[asset] = model, limit

    def score(self, readings: Readings) -> Scored:
        """Return the outlierness of the vectors less the limit of the asset."""
        scores = np.full(readings.values.shape, np.nan)
        for asset, (model, limit) in self._models.items():
            columns = readings.of_asset(asset)
            vectors = readings.values[:, columns]
            rows = np.flatnonzero(np.isfinite(vectors).all(axis=1))
            scores[np.ix_(rows, np.array(columns))] = (self._outlierness(model, vectors[rows]) - limit)[:, None]
        return Scored(scores, np.nan_to_num(scores, nan=-1.0) > 0)


class Isolation(_PerAsset):
    """Liu et al., Isolation Forest (ICDM 2008), with the usual 100 trees."""

    def _model(self) -> Any:
        return IsolationForest(n_estimators=100, random_state=_SEED)

    def _outlierness(self, model: Any, vectors: Doubles) -> Doubles:
        return np.asarray(-model.score_samples(vectors))


class Tails(_PerAsset):
    """Li et al., ECOD (TKDE 2022): the tails of each signal's distribution, added up."""

    def _model(self) -> Any:
        return _Ecod()

    def _outlierness(self, model: Any, vectors: Doubles) -> Doubles:
        return np.asarray(model.outlierness(vectors))


class _Ecod:
    """PyOD's ECOD, on vectors that it scores together with those it learned from: a month of rows at a time."""

    def fit(self, vectors: Doubles) -> _Ecod:
        self._model = ECOD().fit(vectors)
        return self

    def outlierness(self, vectors: Doubles) -> Doubles:
        parts = [vectors[at : at + 4380] for at in range(0, len(vectors), 4380)]
        return np.concatenate([self._model.decision_function(part) for part in parts])
