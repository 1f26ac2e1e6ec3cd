"""What the interface answers, as JSON; times are milliseconds since 1970, UTC."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import BaseModel, Field

from headrace.historian.series.intervals import microseconds
from headrace.historian.trends.trend import Trend

_US_PER_MS = 1000

Times = list[float]
Values = list[float | None]


class Tag(BaseModel, use_attribute_docstrings=True):
    """What the list of tags says."""

    tag: str
    description: str | None = None
    asset: str | None = None
    """Place in the plant, like site/area/line/unit."""
    unit: str | None = None
    low_limit: float | None = None
    high_limit: float | None = None
    interpolation: str | None = None
    """How to read between two values: step holds the last, linear draws a line."""


class Tags(BaseModel, use_attribute_docstrings=True):
    """Those found, at most as many as were asked for."""

    found: int
    """How many there are in all."""
    tags: list[Tag]


class Extent(BaseModel, use_attribute_docstrings=True):
    """From the first to the last reading of all; null where there is none."""

    start: float | None
    end: float | None


class Health(BaseModel, use_attribute_docstrings=True):
    """That the tables can be read."""

    readings: int
    """How many the table holds."""


class Anomalies(BaseModel, use_attribute_docstrings=True):
    """Of every eight pixels the one with the greatest score, whatever its sign."""

    found: int
    """How many there are in the span."""
    ts: Times
    value: Values
    score: Values
    """Modified z-score against the tag's baseline: 0.6745 (value - median) / MAD."""


class Trace(BaseModel, use_attribute_docstrings=True):
    """One tag; the arrays ts, value and quality go together."""

    about: Tag
    ts: Times
    value: Values
    """Null where the quality is bad."""
    quality: list[int]
    """OPC UA StatusCode: the top two bits are 00 good, 01 uncertain, 10 bad."""
    anomalies: Anomalies


class Plot(BaseModel, use_attribute_docstrings=True):
    """A trace a tag. Each also has the tag's last reading before the span and its first after it, if there are any."""

    start: float
    end: float
    traces: list[Trace] = Field(description="In the order asked for.")


def milliseconds(time: datetime) -> float:
    """Since 1970, UTC."""
    return microseconds(time) / _US_PER_MS


def traces(trend: Trend, rows: Mapping[str, Mapping[str, Any]]) -> Iterator[Trace]:
    """A trace for each tag of `trend`; `rows` are those of the list of tags."""
    for name, found in trend.found.items():
        points, strange = (table.filter(pc.equal(table["tag"], name)) for table in (trend.points, trend.anomalies))
        yield Trace(
            about=Tag.model_validate(rows.get(name, {"tag": name})),
            ts=_times(points),
            value=points["value"].to_pylist(),
            quality=points["quality"].to_pylist(),
            anomalies=Anomalies(
                found=found,
                ts=_times(strange),
                value=strange["value"].to_pylist(),
                score=_finite(strange["score"]),
            ),
        )


def _times(table: pa.Table) -> Times:
    times: Times = (np.asarray(table["ts"].cast(pa.int64())) / _US_PER_MS).tolist()
    return times


def _finite(column: pa.ChunkedArray) -> Values:
    """JSON has no word for infinity."""
    found: Values = pc.if_else(pc.is_finite(column), column, None).to_pylist()
    return found
