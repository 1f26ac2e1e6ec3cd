"""What all kinds of model share in training: the span as arrays, and thresholds, limits and echoes at its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from headrace_udfs.arrays import Doubles, Positions
from headrace_udfs.scoring import channels, echoes, expected, sources, thresholds
from headrace_udfs.scoring.channels import Residuals
from headrace_udfs.scoring.expected import Booleans, Comparison, Expectation, Floats, Warp
from headrace_udfs.scoring.kinds import Kind
from headrace_udfs.scoring.model import Limits, Model
from headrace_udfs.scoring.sources import Sources
from headrace_udfs.scoring.tags import FAR, Tag, refusal

FOLDS = 4
BUDGET = 0.5
"""False events per tag and month."""

_DAY_US = 86_400_000_000
_MONTH_US = 30.4375 * _DAY_US
_HELD_INTERVALS = 3
_DAYS_REACHED = 3
_REST = 1e-3

Learned = tuple[Comparison, Expectation]
"""A comparison, and what it expects of the span, learned from other rows than those that it is of."""


@dataclass(frozen=True)
class Span:
    """A training span of n instants.

    refused: the reason of each tag without scores. peers: int64 [tags], the source of each tag's peers, -1 without
    any. columns: float64 [n, sources]; cells, ways: what `axes` makes of them. readings: float64 [n, tags], NaN where
    missing; before: the good one before each. day: int64 [n], the day of each. months: the length of the span.
    """

    tags: tuple[Tag, ...]
    refused: dict[str, str]
    held_us: float
    months: float
    sources: Sources
    peers: Positions
    axes: Warp
    columns: Doubles
    cells: npt.NDArray[np.int32]
    ways: Floats
    readings: Doubles
    before: Doubles
    day: Positions

    @property
    def live(self) -> Booleans:
        """Which tags are not refused, bool [tags]."""
        return np.array([tag.name not in self.refused for tag in self.tags])

    @property
    def angle(self) -> Booleans:
        """Which tags are angles, bool [tags]."""
        return np.array([tag.angle for tag in self.tags])

    @property
    def values(self) -> Doubles:
        """The readings, NaN where missing or of a refused tag."""
        return np.where(self.live, self.readings, np.nan)

    @property
    def fold(self) -> Positions:
        """The fold in which each row is left out: as many spans of time, one after the other."""
        return np.minimum(np.arange(len(self.columns)) * FOLDS // len(self.columns), FOLDS - 1)


def prepared(tags: Sequence[Tag], times: Positions, values: Doubles, refused: Mapping[str, str] | None = None) -> Span:
    """Return the span of these instants.

    times: int64 [n], microseconds since the epoch, ascending. values: float64 [n, tags], NaN where a reading is missing
    or not good. refused: tags that cannot be scored for another reason than their readings. Raises ValueError if there
    are fewer than two instants, which have no interval.
    """
    if len(times) < 2:
        raise ValueError(f"a model cannot be learned from {len(times)} instants")
    why = {tag.name: refusal(times, column) for tag, column in zip(tags, values.T, strict=True)}
    values = np.where(np.abs(values) <= FAR, values, np.nan)
    interval = float(np.median(np.diff(times)))
    held_us = _HELD_INTERVALS * interval
    of, peers = sources.of_tags(tags)
    _, filled, before = channels.held(channels.fresh(np.zeros((2, len(tags)))), times, values, held_us)
    columns = of.columns(times, filled)
    axes = expected.warp(columns)
    return Span(
        tags=tuple(tags),
        refused={name: reason for name, reason in why.items() if reason} | dict(refused or {}),
        held_us=held_us,
        months=len(times) * interval / _MONTH_US,
        sources=of,
        peers=peers,
        axes=axes,
        columns=columns,
        cells=axes.cells(columns)[0],
        ways=axes.cells(columns)[1],
        readings=values,
        before=before,
        day=times // _DAY_US,
    )


def finished(
    span: Span, kind: Kind, asset: Learned, peers: Learned, budget: float, *, unseen: slice = slice(None)
) -> Model:
    """Return the model of two comparisons. Its thresholds come from the rows `unseen`, by default all."""
    limits = _limits(span) if kind.remembers else Limits.none(len(span.tags))
    residuals = Residuals(asset[1].z, peers[1].z, limits.moves(span.readings, asset[1].moves))
    state = channels.fresh(np.zeros((2, len(span.tags))))
    after, seen = channels.statistics(state, residuals, span.readings, span.before, centred=kind.remembers)
    judged = seen.channels[:, unseen]
    months = span.months * judged.shape[1] / len(span.readings)
    found = kind.calibrated(judged, months, budget, span.angle & (span.peers >= 0)).only(span.live)
    return Model(
        kind=kind,
        tags=span.tags,
        refused=span.refused,
        budget=budget,
        held_us=span.held_us,
        sources=span.sources,
        axes=span.axes,
        asset=asset[0],
        peers=peers[0],
        echoes=echoes.learned(_mates(span.tags), seen.peers),
        limits=limits,
        thresholds=found,
        centres=after.centres,
        false_events=thresholds.events_per_month(found.rarity(judged, budget), budget, months),
    )


def _mates(tags: Sequence[Tag]) -> Positions:
    """Return the mates of each tag, int64 [tags, most], -1 as filling."""
    place = {tag.name: at for at, tag in enumerate(tags)}
    mates = np.full((len(tags), max(len(tag.mates) for tag in tags)), -1)
    for at, tag in enumerate(tags):
        mates[at, : len(tag.mates)] = [place[name] for name in tag.mates]
    return mates


def _limits(span: Span) -> Limits:
    """Return the limits of each tag: what nearly all readings were between, and half of that width on either side.

    Angles have no limits, but a circle; refused tags have neither.
    """
    found = Limits.none(len(span.tags))
    for at, tag in enumerate(span.tags):
        rows = np.isfinite(span.readings[:, at])
        there = span.readings[rows, at]
        if tag.name in span.refused:
            continue
        if tag.angle:
            found.circle[at] = -180.0 if there.min() < 0 else 0.0
            continue
        low, high = _usual(there, span.day[rows])
        width = max(high - low, 1e-9 * float(np.abs(there).max()))
        found.low[at], found.high[at], found.rest[at] = low - width / 2, high + width / 2, _REST * width
    return found


def _usual(readings: Doubles, day: Positions) -> tuple[float, float]:
    """Return what nearly all readings, float64 [n], were between.

    That is all but one in 2,000 on either side, and what was reached on three days at least: a failure of a day or two
    does not widen the limits, however many readings it has.
    """
    first, last = np.quantile(readings, [0.0005, 0.9995])
    begins = np.flatnonzero(np.diff(day, prepend=-1))
    days = min(_DAYS_REACHED, len(begins)) - 1
    lowest, highest = np.sort(np.minimum.reduceat(readings, begins)), np.sort(np.maximum.reduceat(readings, begins))
    return float(max(first, lowest[days])), float(min(last, highest[-1 - days]))
