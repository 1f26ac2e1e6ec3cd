"""A plant of many lines that are alike: its model, which learned from one line, and its readings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace

import numpy as np
import numpy.typing as npt

from headrace_udfs.arrays import Doubles, Positions
from headrace_udfs.scoring import fit
from headrace_udfs.scoring.echoes import Echoes
from headrace_udfs.scoring.expected import KNOTS, OUTPUTS, SURFACE, Comparison, References, Tables, Warp
from headrace_udfs.scoring.model import Limits, Model
from headrace_udfs.scoring.sources import Sources
from headrace_udfs.scoring.stream import Scorer
from headrace_udfs.scoring.tags import Tag
from headrace_udfs.scoring.thresholds import Thresholds

ASSETS = 4
"""Assets of a line. They are each other's peers, so that a line is scored as a whole."""
SIGNALS = tuple(f"signal_{number:02}_temperature" for number in range(10))
LINES = 50
TAGS_OF_A_LINE = ASSETS * len(SIGNALS)
START_US = 1_388_534_400_000_000
EVERY_US = 1_000_000

_HOUR_US = 3_600_000_000
_DAYS = 45


def model(lines: int = LINES) -> Model:
    """Return the model of all lines. Takes some seconds."""
    count = _DAYS * 24
    times = START_US - np.arange(count, 0, -1) * _HOUR_US
    return _copies(fit.fit(_line(0), times, _values(np.random.default_rng(1), count)), lines)


def scorer(model: Model) -> Scorer:
    """Return the model as a stream has it, which scores all of `instants`."""
    return Scorer("plant@1", model, EVERY_US, START_US)


def instants(count: int, lines: int = LINES) -> Iterator[tuple[int, Doubles]]:
    """Yield the time of each instant in microseconds, and its readings, one per tag of `model`."""
    random = np.random.default_rng(2)
    each = np.stack([_values(random, count) for _ in range(lines)], axis=1)
    for number, values in enumerate(each.reshape(count, -1)):
        yield START_US + number * EVERY_US, values


def _line(number: int) -> list[Tag]:
    assets = [f"L{number:02}A{asset}" for asset in range(ASSETS)]
    return [
        Tag(
            f"{asset}.{signal}",
            False,
            tuple(f"{asset}.{other}" for other in SIGNALS if other != signal),
            tuple(f"{other}.{signal}" for other in assets if other != asset),
        )
        for asset in assets
        for signal in SIGNALS
    ]


def _values(random: np.random.Generator, count: int) -> Doubles:
    """Return the readings of a line, float64 [count, tags]: a load that all share, and what is each sensor's own."""
    load = 5 * np.sin(np.arange(count) / 50 + random.uniform(0, 6)) + random.normal(0, 1, count)
    gain = 1 + np.arange(len(SIGNALS)) / 4
    at_asset = load[:, None] + random.normal(0, 0.2, (count, ASSETS))
    values = 60 + at_asset[:, :, None] * gain + random.normal(0, 0.3, (count, ASSETS, len(SIGNALS)))
    return np.asarray(np.round(values.reshape(count, -1), 3))


def _copies(line: Model, lines: int) -> Model:
    """Return the model of lines that are alike: `parts.part` the other way round."""
    tags, groups = len(line.tags), len(line.sources.peers)
    peers = _shifted(line.sources.peers, tags, lines)
    sources = Sources(tags * lines, peers, np.tile(line.sources.angular, lines))
    order = np.concatenate([np.tile(np.arange(tags), lines), np.tile(np.arange(groups) + tags, lines), [tags + groups]])
    axes = line.axes
    return replace(
        line,
        tags=tuple(tag for number in range(lines) for tag in _line(number)),
        refused={},
        sources=sources,
        axes=Warp(axes.low[order], axes.high[order], axes.per_step[order], axes.table[order], axes.usual[order]),
        asset=_comparison(line, line.asset, sources, lines),
        peers=_comparison(line, line.peers, sources, lines),
        echoes=Echoes(_shifted(line.echoes.mates, tags, lines), np.tile(line.echoes.usual, lines)),
        limits=Limits(*(np.tile(getattr(line.limits, each.name), lines) for each in fields(Limits))),
        thresholds=Thresholds(np.tile(line.thresholds.level, lines), np.tile(line.thresholds.scale, lines)),
        centres=np.tile(line.centres, lines),
        false_events=np.tile(line.false_events, lines),
    )


def _comparison(line: Model, of: Comparison, sources: Sources, lines: int) -> Comparison:
    tags, tables, references = len(line.tags), of.tables, of.references
    curves = np.tile(tables.curves.reshape(-1, tags, KNOTS, OUTPUTS), (1, lines, 1, 1))
    surface = np.tile(tables.surface.reshape(-1, SURFACE**2, OUTPUTS), (lines, 1, 1)).reshape(-1, OUTPUTS)
    inputs, pair, source = (
        _columns(line, each, sources, lines) for each in (tables.inputs, tables.pair, references.source)
    )
    return Comparison(
        Tables(inputs, curves.reshape(len(curves), -1, OUTPUTS), pair, surface, np.tile(tables.floor, lines)),
        References(
            source,
            np.tile(references.sign, (lines, 1)),
            np.tile(references.constant, lines),
            np.tile(references.angle, lines),
        ),
    )


def _columns(line: Model, of_one: Positions, sources: Sources, lines: int) -> Positions:
    """Return columns of the sources of one line [tags, n] as those of the same in each line."""
    tags, groups = len(line.tags), len(line.sources.peers)
    parts = []
    for number in range(lines):
        of_peers = of_one - tags + sources.tags + number * groups
        own = np.where(of_one < tags, of_one + number * tags, of_peers)
        parts.append(np.where(of_one == line.sources.hour, sources.hour, own))
    return np.concatenate(parts)


def _shifted(positions: npt.NDArray[np.int64], by: int, lines: int) -> Positions:
    return np.concatenate([np.where(positions < 0, -1, positions + number * by) for number in range(lines)])
