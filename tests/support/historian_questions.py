"""Questions about small series, as tests of the historian ask them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from headrace.historian.aggregates import AGGREGATES
from headrace.historian.aggregates.aggregate_input import AggregateInput, Values
from headrace.historian.series.cells import Cells, Intervals
from headrace.historian.series.configuration import Configuration
from headrace.historian.series.points import Points

S = 1_000_000
Reading = tuple[float, float | None, int]
"""Seconds, value, StatusCode."""


def points(*series: Sequence[Reading]) -> Points:
    """The readings of several tags."""
    rows = [(tag, *reading) for tag, readings in enumerate(series) for reading in readings]
    return Points.of(
        [f"T{number}" for number in range(len(series))],
        np.array([row[0] for row in rows], np.int64),
        np.array([round(row[1] * S) for row in rows], np.int64),
        np.array([np.nan if row[2] is None else row[2] for row in rows], np.float64),
        np.array([row[3] for row in rows], np.uint32),
    ).since_creation()


def intervals(*edges: tuple[float, float], reverse: bool = False) -> Intervals:
    """From seconds to seconds, none cut short."""
    start, end = (np.array([round(edge[side] * S) for edge in edges]) for side in (0, 1))
    return Intervals(start, end, np.zeros(len(edges), np.bool_), reverse)


def question(
    series: Sequence[Reading] | Points,
    *edges: tuple[float, float],
    stepped: bool = False,
    reverse: bool = False,
    configuration: Configuration | None = None,
) -> AggregateInput:
    """Of one tag, or of all tags of the points alike."""
    known = series if isinstance(series, Points) else points(series)
    cells = Cells.of(intervals(*edges, reverse=reverse), known.tags)
    return AggregateInput(known, cells, np.full(known.tags, stepped), configuration or Configuration())


def ask(name: str, asked: AggregateInput) -> Values:
    """The aggregate of that name."""
    return AGGREGATES[name](asked)
