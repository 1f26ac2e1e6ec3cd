"""Learn a model of regimes: what the tags of an asset, its peers and the hour make likely at the same instant."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from headrace_udfs.arrays import Doubles, Positions
from headrace_udfs.scoring import references, regression, training
from headrace_udfs.scoring.expected import KNOTS, OUTPUTS, SURFACE, Comparison, Expectation, References, Tables
from headrace_udfs.scoring.kinds import REGIME
from headrace_udfs.scoring.model import Model
from headrace_udfs.scoring.regression import Design, Fitted
from headrace_udfs.scoring.tags import Tag
from headrace_udfs.scoring.training import BUDGET, FOLDS, Learned, Span

_ROWS = 18_000
_SMOOTH = 1e-5
_USUAL = 1e-3, 1e4


def fit(tags: Sequence[Tag], times: Positions, values: Doubles, budget: float = BUDGET) -> Model:
    """Return a model of the tags.

    times: int64 [n], microseconds since the epoch, ascending. values: float64 [n, tags], NaN where a reading is missing
    or not good. budget: false events per tag and month. Tags that cannot be scored have their reason in the model.
    Raises ValueError if there are fewer than two instants, which have no interval.
    """
    span = training.prepared(tags, times, values)
    return training.finished(span, REGIME, _compared(span, *_with_mates(span)), with_peers(span), budget)


def _with_mates(span: Span) -> tuple[References, list[list[int]]]:
    """Return references and inputs of the comparison with mates, and with peers where they explain a tag."""
    place, live, hour = {tag.name: at for at, tag in enumerate(span.tags)}, span.live, span.sources.hour
    choices, inputs = [], []
    for at, tag in enumerate(span.tags):
        mates = [place[name] for name in tag.mates if live[place[name]]]
        peers = [int(span.peers[at])] if tag.peers_explain and span.peers[at] >= 0 else []
        angles = [mate for mate in mates if span.tags[mate].angle]
        choices.append(references.sums_of(angles, hour) + references.alone(peers, hour))
        inputs.append(closest_first(span, at, mates + ([] if tag.angle else peers) + [hour]))
    return references.learned(span.columns, span.angle, hour, choices), inputs


def closest_first(span: Span, at: int, inputs: Sequence[int]) -> list[int]:
    """Return the sources `inputs` of the tag `at`, the one with the highest rank correlation first."""
    closeness = {source: _rank_correlation(span.columns[:, source], span.columns[:, at]) for source in inputs}
    return sorted(inputs, key=closeness.__getitem__, reverse=True)


def with_peers(span: Span) -> Learned:
    """Return the comparison with peers alone; without peers, with the tag's usual values."""
    hour = span.sources.hour
    peers = [[int(peer)] if peer >= 0 else [] for peer in span.peers]
    inputs = [[hour] if tag.angle else own or [hour] for tag, own in zip(span.tags, peers, strict=True)]
    choices = [references.alone(own, hour) for own in peers]
    return _compared(span, references.learned(span.columns, span.angle, hour, choices), inputs)


def _rank_correlation(a: Doubles, b: Doubles) -> float:
    """Return the absolute rank correlation (Spearman) of every 7th row."""
    both = np.isfinite(a) & np.isfinite(b)
    x, y = a[both][::7], b[both][::7]
    if len(x) < 3 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return 0.0
    return float(abs(np.corrcoef(x.argsort().argsort(), y.argsort().argsort())[0, 1]))


def _compared(span: Span, taken_off: References, inputs: list[list[int]]) -> Learned:
    """Return a comparison that learned from all rows, and what those that did not learn from a fold expect of it."""
    target = taken_off.distance(span.values, taken_off.values(span.columns))
    every = [Comparison(each, taken_off) for each in tables(span, target, inputs, regression.fitted)]
    parts = [
        each.expect(*(whole[span.fold == k] for whole in (span.cells, span.ways, span.columns, span.values)))
        for k, each in enumerate(every[1:])
    ]
    names = ("value", "scale", "z", "moves")
    return every[0], Expectation(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


Learner = Callable[[Design, Doubles, Doubles], Fitted]
"""Returns coefficients for the design of some rows, their targets, and whether each reading moved, float64 [rows]."""


def tables(span: Span, target: Doubles, inputs: list[list[int]], learner: Learner) -> list[Tables]:
    """Return the tables of all rows with a target, float64 [n, tags], then those without each fold."""
    tags, most, hour = len(inputs), max(map(len, inputs)), span.sources.hour
    curves = np.zeros((1 + FOLDS, most, tags, KNOTS, OUTPUTS), np.float32)
    surface = np.zeros((1 + FOLDS, tags, SURFACE**2, OUTPUTS), np.float32)
    source, pair, floor = np.full((tags, most), hour), np.full((tags, 2), hour), np.ones(tags)
    moved = (span.values != span.before).astype(np.float64)
    for at, own in enumerate(inputs):
        some = np.flatnonzero(np.isfinite(target[:, at]) & np.isfinite(span.columns[:, own]).all(axis=1))
        some = some[:: max(1, -(-len(some) // _ROWS))]
        if not len(some):
            continue
        here = np.ix_(some, np.array(own))
        made = regression.design(span.cells[here], span.ways[here], span.fold[some], FOLDS, _SMOOTH)
        unit = _unit(target[some, at])
        found = regression.in_unit(unit, learner(made, target[some, at] / unit, moved[some, at]))
        wide = len(own) * KNOTS
        curves[:, : len(own), at] = found.coefficients[:, :wide].reshape(1 + FOLDS, len(own), KNOTS, OUTPUTS)
        source[at, : len(own)], floor[at] = own, found.floor
        if len(own) > 1:
            surface[:, at], pair[at] = found.coefficients[:, wide:], own[:2]
    flat = curves.reshape(1 + FOLDS, most, tags * KNOTS, OUTPUTS)
    flat_surface = surface.reshape(1 + FOLDS, -1, OUTPUTS)[:, : None if most > 1 else 0]
    return [Tables(source, c, pair, s, floor) for c, s in zip(flat, flat_surface, strict=True)]


def _unit(target: Doubles) -> float:
    """Return 1, or a power of ten for a tag whose usual size is far from 1: learning adds small constants to it."""
    size = np.abs(target - np.median(target))
    usual = float(np.median(size)) or float(size.max())
    return 1.0 if usual == 0 or _USUAL[0] <= usual <= _USUAL[1] else float(10.0 ** np.round(np.log10(usual)))
