"""How far a plant has moved away from what a model learned."""

from __future__ import annotations

import numpy as np

from headrace_udfs.arrays import Doubles, Positions
from headrace_udfs.scoring import channels
from headrace_udfs.scoring.model import Model


def centres(model: Model, times: Positions, values: Doubles) -> Doubles:
    """Return how far the middle of each tag's residuals has moved since training, float64 [tags], in scales.

    times, values: as for `Model.score`. The middle is the median over these instants; NaN without a residual.
    """
    _, filled, _ = channels.held(model.fresh(), times, values, model.held_us)
    columns = model.sources.columns(times, filled)
    there = np.where(np.isfinite(values), values, np.nan)
    z = model.asset.expect(*model.axes.cells(columns), columns, there).z
    live = np.isfinite(model.thresholds.level[0]) & np.isfinite(z).any(axis=0)
    middle = np.nanmedian(np.where(live, z, 0.0), axis=0)
    return np.where(live, middle - model.centres[0], np.nan)


def outside(model: Model, values: Doubles) -> Doubles:
    """Return the share of each tag's readings outside of nearly all training readings, float64 [tags].

    NaN for a tag without limits or readings.
    """
    # The limits leave half of the training range as a margin on either side of it.
    limited = np.isfinite(model.limits.high)
    margin = np.where(limited, model.limits.high - model.limits.low, 0.0) / 4
    low, high = model.limits.low + margin, model.limits.high - margin
    there = np.isfinite(values)
    count = there.sum(axis=0)
    beyond = (there & ((values < low) | (values > high))).sum(axis=0)
    return np.where(limited & (count > 0), beyond / np.maximum(count, 1), np.nan)
