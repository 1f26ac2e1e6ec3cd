"""The project's contender: the Historian over the maintained table, and DuckDB for the question it does not answer."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pyarrow as pa

from bench.query import on_duckdb
from bench.query.questions import MOMENTS, PIXELS, SINCE, UNTIL, Question
from bench.query.stand import load
from headrace.historian import Historian


def open(place: str) -> Callable[[Question], pa.Table]:  # noqa: A001 - a contender is opened
    """Return a function that answers questions from the maintained table of the stand at `place`."""
    historian = Historian.open(load(place, "maintained"))
    tables = cache(lambda: on_duckdb.open(place, "maintained"))
    return lambda question: tables()(question) if question.name == "bad_count" else _answer(historian, question)


def _answer(historian: Historian, question: Question) -> pa.Table:
    tags = question.tags or "*"
    match question.name:
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
    raise ValueError(question.name)
