"""Small series, and aggregates of them, for tests of the historian."""

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
    """Return the readings of several tags as points."""
    rows = [(tag, *reading) for tag, readings in enumerate(series) for reading in readings]
    return Points.of(
        [f"T{number}" for number in range(len(series))],
        np.array([row[0] for row in rows], np.int64),
        np.array([round(row[1] * S) for row in rows], np.int64),
        np.array([np.nan if row[2] is None else row[2] for row in rows], np.float64),
        np.array([row[3] for row in rows], np.uint32),
    ).since_creation()


def intervals(*edges: tuple[float, float], reverse: bool = False) -> Intervals:
    """Return intervals between pairs of seconds, none of them truncated."""
    start, end = (np.array([round(edge[side] * S) for edge in edges]) for side in (0, 1))
    return Intervals(start, end, np.zeros(len(edges), np.bool_), reverse)


def question(
    series: Sequence[Reading] | Points,
    *edges: tuple[float, float],
    stepped: bool = False,
    reverse: bool = False,
    configuration: Configuration | None = None,
) -> AggregateInput:
    """Return the inputs of an aggregate over one series, or over all tags of the points, with the same intervals."""
    known = series if isinstance(series, Points) else points(series)
    cells = Cells.of(intervals(*edges, reverse=reverse), known.tags)
    return AggregateInput(known, cells, np.full(known.tags, stepped), configuration or Configuration())


def ask(name: str, inputs: AggregateInput) -> Values:
    """Return the results of the aggregate of that name."""
    return AGGREGATES[name](inputs)
