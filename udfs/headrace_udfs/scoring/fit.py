"""Learn a model from a span of readings without labels, which may have real faults in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, permutations

import numpy as np
import numpy.typing as npt

from headrace_udfs.angles import angle_difference
from headrace_udfs.arrays import Doubles, Positions
from headrace_udfs.scoring import channels, echoes, expected, regression, sources, thresholds
from headrace_udfs.scoring.channels import Residuals
from headrace_udfs.scoring.expected import KNOTS, OUTPUTS, SURFACE, Comparison, Expectation, Floats, References, Tables
from headrace_udfs.scoring.model import Limits, Model
from headrace_udfs.scoring.sources import Sources
from headrace_udfs.scoring.tags import Tag, refusal

FOLDS = 4
BUDGET = 0.5
"""False events per tag and month."""

_MONTH_US = 30.4375 * 86400e6
_ROWS = 18_000
_SMOOTH = 1e-5
_HELD_INTERVALS = 3
_ANGLE_CLIP = 40.0


def fit(tags: Sequence[Tag], times: Positions, values: Doubles, budget: float = BUDGET) -> Model:
    """Return a model of the tags.

    times: int64 [n], microseconds since the epoch, ascending. values: float64 [n, tags], NaN where a reading is missing
    or not good. budget: false events per tag and month. Tags that cannot be scored have their reason in the model.
    Raises ValueError if there are fewer than two instants, which have no interval.
    """
    if len(times) < 2:
        raise ValueError(f"a model cannot be learned from {len(times)} instants")
    refused = {tag.name: why for tag, column in zip(tags, values.T, strict=True) if (why := refusal(times, column))}
    live = np.array([tag.name not in refused for tag in tags])
    interval = float(np.median(np.diff(times)))
    held_us, months = _HELD_INTERVALS * interval, len(times) * interval / _MONTH_US
    of, peers = sources.of_tags(tags)
    state = channels.fresh(np.zeros((2, len(tags))))
    _, filled, before = channels.held(state, times, values, held_us)
    columns = of.columns(times, filled)
    axes = expected.warp(columns)
    rows = _Rows(tags, of, peers, columns, *axes.cells(columns), np.where(live, values, np.nan), before)
    asset, by_asset = _compared(rows, *_with_mates(rows, live))
    blunt, by_peers = _compared(rows, *_with_peers(rows))
    residuals = Residuals(by_asset.z, by_peers.z, by_asset.moves)
    after, seen = channels.statistics(state, residuals, values, before)
    found = thresholds.calibrated(seen.channels, months, budget)
    return Model(
        tags=tuple(tags),
        refused=refused,
        budget=budget,
        held_us=held_us,
        sources=of,
        axes=axes,
        asset=asset,
        peers=blunt,
        echoes=echoes.learned(_mates(tags), seen.peers),
        limits=_limits(tags, values),
        thresholds=found.only(live),
        centres=after.centres,
        false_events=thresholds.events_per_month(found.rarity(seen.channels, budget), budget, months),
    )


@dataclass(frozen=True)
class _Rows:
    """The training span: tags, sources and the column of each tag's peers; columns of the sources with their cells and
    ways; the readings, NaN where missing or refused, and the reading before each."""

    tags: Sequence[Tag]
    sources: Sources
    peers: Positions
    columns: Doubles
    cells: npt.NDArray[np.int32]
    ways: Floats
    values: Doubles
    before: Doubles

    @property
    def fold(self) -> Positions:
        """The fold in which each row is left out: as many spans of time, one after the other."""
        return np.minimum(np.arange(len(self.columns)) * FOLDS // len(self.columns), FOLDS - 1)


def _with_mates(rows: _Rows, live: npt.NDArray[np.bool_]) -> tuple[References, list[list[int]]]:
    """Return references and inputs of the comparison with mates, and with peers where they explain a tag."""
    place = {tag.name: at for at, tag in enumerate(rows.tags)}
    choices, inputs = [], []
    for at, tag in enumerate(rows.tags):
        mates = [place[name] for name in tag.mates if live[place[name]]]
        peers = [int(rows.peers[at])] if tag.peers_explain and rows.peers[at] >= 0 else []
        choices.append(
            _sums_of([mate for mate in mates if rows.tags[mate].angle], rows.sources.hour) + _alone(peers, rows)
        )
        own = mates + ([] if tag.angle else peers) + [rows.sources.hour]
        closeness = {source: _rank_correlation(rows.columns[:, source], rows.columns[:, at]) for source in own}
        inputs.append(sorted(own, key=closeness.__getitem__, reverse=True))
    return _references(rows, choices), inputs


def _with_peers(rows: _Rows) -> tuple[References, list[list[int]]]:
    """Return references and inputs of the comparison with peers alone; without peers, with the tag's usual values."""
    peers = [[int(peer)] if peer >= 0 else [] for peer in rows.peers]
    inputs = [[rows.sources.hour] if tag.angle else own or [rows.sources.hour]
              for tag, own in zip(rows.tags, peers, strict=True)]  # fmt: skip
    return _references(rows, [_alone(own, rows) for own in peers]), inputs


_Choice = tuple[tuple[int, int], tuple[float, float]]


def _sums_of(angles: list[int], hour: int) -> list[_Choice]:
    """Return each angle, each sum of two and each difference, as sources with their signs."""
    single: list[_Choice] = [((one, hour), (1.0, 0.0)) for one in angles]
    sums: list[_Choice] = [(pair, (1.0, 1.0)) for pair in combinations(angles, 2)]
    return single + sums + [(pair, (1.0, -1.0)) for pair in permutations(angles, 2)]


def _alone(peers: list[int], rows: _Rows) -> list[_Choice]:
    """Return the peers, if there are any, and nothing but a constant."""
    hour = rows.sources.hour
    return [((peer, hour), (1.0, 0.0)) for peer in peers] + [((hour, hour), (0.0, 0.0))]


def _references(rows: _Rows, choices: list[list[_Choice]]) -> References:
    """Return what is taken off each tag: its median; of an angle, the choice with the smallest clipped distance."""
    count, columns = len(rows.tags), rows.columns
    source, sign, constant = np.full((count, 2), rows.sources.hour), np.zeros((count, 2)), np.zeros(count)
    for at, tag in enumerate(rows.tags):
        there = columns[np.isfinite(columns[:, at]), at]
        if tag.angle and len(there):
            turns = [_turn(columns, at, choice) for choice in choices[at]]
            middles = [_middle(turn) for turn in turns]
            sizes = [_clipped(turn, middle) for turn, middle in zip(turns, middles, strict=True)]
            best = int(np.argmin(sizes))
            (source[at], sign[at]), constant[at] = choices[at][best], middles[best]
        elif len(there):
            constant[at] = np.median(there)
    return References(source, sign, constant, np.array([tag.angle for tag in rows.tags]))


def _turn(columns: Doubles, at: int, choice: _Choice) -> Doubles:
    (one, two), (first, second) = choice
    turn = angle_difference(columns[:, at], columns[:, one] * first + columns[:, two] * second)
    return np.asarray(turn[np.isfinite(turn)])


def _middle(turn: Doubles) -> float:
    return float(np.degrees(np.angle(np.mean(np.exp(1j * np.radians(turn)))))) if len(turn) else 0.0


def _clipped(turn: Doubles, middle: float) -> float:
    if not len(turn):
        return np.inf
    return float(np.mean(np.minimum(np.abs(angle_difference(turn, np.full_like(turn, middle))), _ANGLE_CLIP)))


def _rank_correlation(a: Doubles, b: Doubles) -> float:
    """Return the absolute rank correlation (Spearman) of every 7th row."""
    both = np.isfinite(a) & np.isfinite(b)
    x, y = a[both][::7], b[both][::7]
    if len(x) < 3 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return 0.0
    return float(abs(np.corrcoef(x.argsort().argsort(), y.argsort().argsort())[0, 1]))


def _mates(tags: Sequence[Tag]) -> Positions:
    """Return the mates of each tag, int64 [tags, most], -1 as filling."""
    place = {tag.name: at for at, tag in enumerate(tags)}
    mates = np.full((len(tags), max(len(tag.mates) for tag in tags)), -1)
    for at, tag in enumerate(tags):
        mates[at, : len(tag.mates)] = [place[name] for name in tag.mates]
    return mates


def _limits(tags: Sequence[Tag], values: Doubles) -> Limits:
    """Return the limits of each tag: what nearly all readings were between, and half of that width on either side."""
    low, high = np.full(len(tags), -np.inf), np.full(len(tags), np.inf)
    for at, tag in enumerate(tags):
        there = values[np.isfinite(values[:, at]), at]
        if len(there) and not tag.angle:
            first, last = np.quantile(there, [0.0005, 0.9995])
            margin = 0.5 * max(last - first, 1e-9)
            low[at], high[at] = first - margin, last + margin
    return Limits(low, high)


def _compared(rows: _Rows, references: References, inputs: list[list[int]]) -> tuple[Comparison, Expectation]:
    """Return a comparison that learned from all rows, and what those that did not learn from a fold expect of it."""
    every = [Comparison(tables, references) for tables in _tables(rows, references, inputs)]
    parts = [
        each.expect(*(whole[rows.fold == k] for whole in (rows.cells, rows.ways, rows.columns, rows.values)))
        for k, each in enumerate(every[1:])
    ]
    names = ("value", "scale", "z", "moves")
    return every[0], Expectation(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def _tables(rows: _Rows, references: References, inputs: list[list[int]]) -> list[Tables]:
    """Return the tables of all rows, then those without each fold."""
    tags, most, hour = len(inputs), max(map(len, inputs)), rows.sources.hour
    curves = np.zeros((1 + FOLDS, most, tags, KNOTS, OUTPUTS), np.float32)
    surface = np.zeros((1 + FOLDS, tags, SURFACE**2, OUTPUTS), np.float32)
    source, pair, floor = np.full((tags, most), hour), np.full((tags, 2), hour), np.ones(tags)
    target = references.distance(rows.values, references.values(rows.columns))
    moved = (rows.values != rows.before).astype(np.float64)
    for at, own in enumerate(inputs):
        some = np.flatnonzero(np.isfinite(target[:, at]) & np.isfinite(rows.columns[:, own]).all(axis=1))
        some = some[:: max(1, -(-len(some) // _ROWS))]
        if not len(some):
            continue
        here = np.ix_(some, np.array(own))
        made = regression.design(rows.cells[here], rows.ways[here], rows.fold[some], FOLDS, _SMOOTH)
        found = regression.fitted(made, target[some, at], moved[some, at])
        wide = len(own) * KNOTS
        curves[:, : len(own), at] = found.coefficients[:, :wide].reshape(1 + FOLDS, len(own), KNOTS, OUTPUTS)
        source[at, : len(own)], floor[at] = own, found.floor
        if len(own) > 1:
            surface[:, at], pair[at] = found.coefficients[:, wide:], own[:2]
    flat = curves.reshape(1 + FOLDS, most, tags * KNOTS, OUTPUTS)
    flat_surface = surface.reshape(1 + FOLDS, -1, OUTPUTS)[:, : None if most > 1 else 0]
    return [Tables(source, c, pair, s, floor) for c, s in zip(flat, flat_surface, strict=True)]
