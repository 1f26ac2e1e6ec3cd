"""What the interface answers, as JSON or CSV; times in JSON are milliseconds since 1970, UTC."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv
from pydantic import BaseModel, Field

from headrace.historian.series.intervals import microseconds
from headrace.historian.tags.tag_names import TagNames
from headrace.historian.trends.trend import Trend

_US_PER_MS = 1000
CSV_ROWS = 20_000
_WORDS_IN = ("tag", "description", "asset", "unit")

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
    for name, count in trend.anomaly_counts.items():
        points, anomalies = (table.filter(pc.equal(table["tag"], name)) for table in (trend.points, trend.anomalies))
        yield Trace(
            about=Tag.model_validate(rows.get(name, {"tag": name})),
            ts=_times(points),
            value=points["value"].to_pylist(),
            quality=points["quality"].to_pylist(),
            anomalies=Anomalies(
                found=count,
                ts=_times(anomalies),
                value=anomalies["value"].to_pylist(),
                score=_finite(anomalies["score"]),
            ),
        )


def search(names: TagNames, text: str, asset: str = "*") -> list[Mapping[str, Any]]:
    """Rows of the list of tags that match, in the order of their names; an empty `text` finds all.

    `*` or `?` in `text` make it a wildcard of the whole name; else each of its words has to stand in the name, the
    description, the place or the unit. Without regard to case. `asset` is a place, or a wildcard of one.
    """
    wild = "*" in text or "?" in text
    found = (names.rows[name] for name in names.find(text if wild else "*", asset or "*"))
    words = [] if wild else text.casefold().split()
    return [row for row in found if all(word in _known(row) for word in words)]


def csv_parts(table: pa.Table) -> Iterator[bytes]:
    """The header, then CSV_ROWS rows at a time; times are ISO 8601 in UTC, what is missing is empty."""
    header = csv.WriteOptions(include_header=True)
    yield _text(table.slice(0, 0), header)
    for first in range(0, len(table), CSV_ROWS):
        yield _text(table.slice(first, CSV_ROWS), csv.WriteOptions(include_header=False))


def _times(table: pa.Table) -> Times:
    times: Times = (np.asarray(table["ts"].cast(pa.int64())) / _US_PER_MS).tolist()
    return times


def _finite(column: pa.ChunkedArray) -> Values:
    """JSON has no word for infinity."""
    found: Values = pc.if_else(pc.is_finite(column), column, None).to_pylist()
    return found


def _known(row: Mapping[str, Any]) -> str:
    return "\n".join(str(row.get(column) or "") for column in _WORDS_IN).casefold()


def _text(table: pa.Table, options: csv.WriteOptions) -> bytes:
    out = io.BytesIO()
    csv.write_csv(table, out, options)
    return out.getvalue()
