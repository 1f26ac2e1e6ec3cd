"""What the model is made of: means over the last flights, and random features of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]

WINDOWS = (4, 12, 40)
"""Numbers of flights over which the wear is averaged."""
MOST = 125.0
"""Flights left beyond which no engine shows its wear: the usual cap of this data set."""


@dataclass(frozen=True)
class Ridge:
    """A linear model over cosines of random mixtures of its inputs (Rahimi and Recht, 2007), and over the inputs.

    mean, scale: of the inputs, float64 [inputs]. waves [inputs, cosines] and phases [cosines] are random. weights:
    [cosines + inputs + 1].
    """

    mean: Doubles
    scale: Doubles
    waves: Doubles
    phases: Doubles
    weights: Doubles

    def features(self, inputs: Doubles) -> Doubles:
        """Return the features of inputs [rows, inputs], float64 [rows, len(weights)]."""
        scaled = (inputs - self.mean) / self.scale
        angles = np.tile(self.phases, (len(inputs), 1))
        for column, waves in zip(scaled.T, self.waves, strict=True):
            angles += column[:, None] * waves
        return np.hstack([np.cos(angles), scaled, np.ones((len(inputs), 1))])

    def flights_left(self, inputs: Doubles) -> Doubles:
        """Return float64 [rows] from 0 to MOST, NaN where an input is."""
        # A sum per row, not a product of matrices: that rounds by the number of rows.
        return np.asarray(np.clip((self.features(inputs) * self.weights).sum(axis=1), 0, MOST))


def recent_means(values: Doubles, ends: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64]) -> Doubles:
    """Return the means of the last values of lists, float64 [lists, len(WINDOWS)]; NaNs do not count.

    A list is `lengths` values long and stops before `ends` in `values`. A mean of nothing is NaN.
    """
    places = ends[:, None] - np.arange(max(WINDOWS), 0, -1)
    inside = places >= (ends - lengths)[:, None]
    last = np.where(inside, values[np.where(inside, places, 0)] if len(values) else np.nan, np.nan)
    means = []
    for window in WINDOWS:
        known = np.isfinite(last[:, -window:])
        total = np.where(known, last[:, -window:], 0.0).sum(axis=1)
        count = known.sum(axis=1)
        means.append(np.divide(total, count, out=np.full(len(total), np.nan), where=count > 0))
    return np.column_stack(means)
