"""The contender that is the project's own: the Historian over the maintained table, DuckDB where it has no question."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pyarrow as pa

from bench.query import on_duckdb
from bench.query.questions import MOMENTS, PIXELS, SINCE, UNTIL, Asked
from bench.query.stand import load
from headrace.historian import Historian


def open(place: str) -> Callable[[Asked], pa.Table]:  # noqa: A001 - a contender is opened
    """What answers, over the maintained table of the stand in that folder."""
    historian = Historian.open(load(place, "maintained"))
    tables = cache(lambda: on_duckdb.open(place, "maintained"))
    return lambda asked: tables()(asked) if asked.question == "bad_count" else _answer(historian, asked)


def _answer(historian: Historian, asked: Asked) -> pa.Table:
    tags = asked.tags or "*"
    match asked.question:
        case "raw":
            return historian.raw(tags, SINCE, UNTIL)
        case "average":
            return historian.aggregate(tags, SINCE, UNTIL, "1m", "Average")
        case "time_average2":
            return historian.aggregate(tags, SINCE, UNTIL, "1m", "TimeAverage2")
        case "at":
            return historian.at(tags, MOMENTS)
        case "plot":
            return historian.plot(tags, SINCE, UNTIL, PIXELS)
        case "last_one" | "last_all":
            return historian.last(tags, UNTIL)
    raise ValueError(asked.question)
