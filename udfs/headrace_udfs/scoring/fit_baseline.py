"""Learn a baseline: the median of each tag, and as its scale the median distance from it (MAD).

Iglewicz and Hoaglin, How to Detect and Handle Outliers (ASQC Basic References in Quality Control, vol. 16, 1993):
0.6745 is the 0.75 quantile of the standard normal distribution, so that MAD / 0.6745 is a standard deviation if
readings are normally distributed, and a reading is an outlier if it is more than 3.5 of them from the median.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from headrace_udfs.arrays import Doubles, Positions
from headrace_udfs.scoring import references, training
from headrace_udfs.scoring.expected import KNOTS, OUTPUTS, Comparison, Expectation, Floats, References, Tables
from headrace_udfs.scoring.kinds import Kind
from headrace_udfs.scoring.model import Model
from headrace_udfs.scoring.tags import Tag
from headrace_udfs.scoring.training import FOLDS, Learned, Span

LIMIT = 3.5
"""Scales from the median, beyond which a reading is an outlier."""

_NORMAL_QUARTILE = 0.6745
_NO_SCALE = "half of its readings are equal: a baseline has no scale for it"


def fit(tags: Sequence[Tag], times: Positions, values: Doubles, *, budget: float | None) -> Model:
    """Return the baseline of tags, whose mates and peers are left out.

    times, values: as for `fit.fit`. budget: false events per tag and month; with None, the limit is LIMIT.
    """
    alone = [Tag(tag.name, tag.angle) for tag in tags]
    span = training.prepared(alone, times, values)
    whole = _constants(span, span.values)
    scale = _scales(span.values, whole)
    flat = {tag.name for tag, one in zip(alone, scale, strict=True) if not one > 0} - {*span.refused}
    span = replace(span, refused=span.refused | dict.fromkeys(sorted(flat), _NO_SCALE))
    learned = _learned(span, whole, np.where(scale > 0, scale, 1.0))
    return training.finished(
        span, Kind("baseline", LIMIT if budget is None else None), learned, learned, 1.0 if budget is None else budget
    )


def _constants(span: Span, values: Doubles) -> References:
    hour, tags = span.sources.hour, len(span.tags)
    columns = np.concatenate([values, span.columns[:, tags:]], axis=1)
    return references.learned(columns, span.angle, hour, [references.alone([], hour)] * tags)


def _scales(values: Doubles, middle: References) -> Doubles:
    """Return the scale of each tag, float64 [tags]; NaN without readings."""
    size = np.abs(middle.distance(values, np.broadcast_to(middle.constant, values.shape)))
    there = np.isfinite(size).any(axis=0)
    mad = np.nanmedian(np.where(there, size, 0.0), axis=0)
    return np.where(there, mad, np.nan) / _NORMAL_QUARTILE


def _learned(span: Span, whole: References, scale: Doubles) -> Learned:
    """Return the baseline of all rows, and what those that did not learn from a fold expect of it."""
    parts = []
    for fold in range(FOLDS):
        out = span.fold == fold
        middle = _constants(span, np.where(out[:, None], np.nan, span.values))
        part = Comparison(_tables(span, scale), middle)
        parts.append(part.expect(*(rows[out] for rows in (span.cells, span.ways, span.columns, span.values))))
    names = ("value", "scale", "z", "moves")
    joined = Expectation(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))
    return Comparison(_tables(span, scale), whole), joined


def _tables(span: Span, scale: Doubles) -> Tables:
    """Return tables that add nothing to the median, and give each tag its scale."""
    count, hour = len(scale), span.sources.hour
    curves = np.zeros((1, count * KNOTS, OUTPUTS), np.float32)
    curves[0, :, 1] = np.repeat(np.log(scale), KNOTS)
    none: Floats = np.zeros((0, OUTPUTS), np.float32)
    return Tables(np.full((count, 1), hour), curves, np.full((count, 2), hour), none, scale)
