"""The responses of the API, as JSON or CSV; times in JSON are milliseconds since 1970, UTC."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from threading import Lock
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv
from pydantic import BaseModel, Field

from headrace.historian.serve import anomalies
from headrace.historian.serve.anomalies import Band, Event, Found
from headrace.historian.serve.units import Times, Values, or_none, times
from headrace.historian.tags.tag_names import TagNames
from headrace.project import pattern as patterns

CSV_ROWS = 5_000
# A spreadsheet takes a text that begins with one of these, also after blanks, for a formula.
_FORMULA = r"^(\s*[=+\-@\x{FF1D}\x{FF0B}\x{FF0D}\x{FF20}]|[\t\r\n])"
_READING = Lock()
_WORDS_IN = ("tag", "description", "asset", "unit")


class Tag(BaseModel, use_attribute_docstrings=True):
    """A tag as the list of tags describes it."""

    tag: str
    description: str | None = None
    asset: str | None = None
    """The place in the plant, like site/area/line/unit."""
    unit: str | None = None
    low_limit: float | None = None
    high_limit: float | None = None
    interpolation: str | None = None
    """How to read between two values: step holds the last value, linear draws a line."""


class Tags(BaseModel, use_attribute_docstrings=True):
    """The tags that match, limited to the requested number."""

    found: int
    """The number of all matching tags."""
    tags: list[Tag]


class Extent(BaseModel, use_attribute_docstrings=True):
    """The times of the first and the last reading of all tags; null if there are no readings."""

    start: float | None
    end: float | None


class Health(BaseModel, use_attribute_docstrings=True):
    """The result of a check that the tables can be read."""

    readings: int
    """The number of readings in the table."""


class Trace(BaseModel, use_attribute_docstrings=True):
    """The trend of one tag; ts, value and quality have one item per reading."""

    about: Tag
    ts: Times
    value: Values
    """Null if the quality is bad, or if the reading is a text."""
    text: list[str | None] | None
    """The text of each reading that is one, at most 200 characters, null for the others; null if none is a text."""
    quality: list[int]
    """OPC UA StatusCode, as stored: the top two bits are 00 good, 01 uncertain, 10 bad."""
    bands: list[Band]
    """Where models expect the readings, one band per model."""
    events: list[Event]
    """The events of anomalies in the span by start; of more than 200, those with the highest scores."""
    events_found: int
    """The number of all events in the span."""


class Neighbours(BaseModel, use_attribute_docstrings=True):
    """When a tag last reported before a span and first after it, however long ago; null for never."""

    tag: str
    before: float | None
    """The time of its last reading before the start of the span."""
    after: float | None
    """The time of its first reading at or after the end of the span."""


class Plot(BaseModel, use_attribute_docstrings=True):
    """One trace per tag; each includes the tag's last reading before the span and its first one after it, if any."""

    start: float
    end: float
    models: list[str]
    """The versions of models that have scored these tags in the span, the newest first."""
    traces: list[Trace] = Field(description="In the requested order.")


def traces(
    names: Sequence[str], points: pa.Table, found: Found, rows: Mapping[str, Mapping[str, Any]]
) -> Iterator[Trace]:
    """Yield one trace per tag; `points` are those of `Historian.trend`, `rows` is the list of tags by name."""
    for name in names:
        own = points.filter(pc.equal(points["tag"], name))
        events = found.of(name)
        yield Trace(
            about=Tag.model_validate(rows.get(name, {"tag": name})),
            ts=times(own),
            value=own["value"].to_pylist(),
            text=own["text"].to_pylist() if own["text"].null_count < len(own) else None,
            quality=own["quality"].to_pylist(),
            bands=anomalies.bands(found.bands.filter(pc.equal(found.bands["tag"], name))),
            events=anomalies.strongest(events),
            events_found=len(events),
        )


def neighbours(nearest: pa.Table) -> list[Neighbours]:
    """Return the rows of `Historian.nearest`."""
    return [
        Neighbours(tag=row["tag"], before=or_none(row["before"]), after=or_none(row["after"]))
        for row in nearest.to_pylist()
    ]


def search(names: TagNames, text: str, asset: str = "*") -> list[Mapping[str, Any]]:
    """Return a row of each matching tag, listed or reporting, sorted by name; an empty `text` matches all.

    With `*` or `?`, `text` is a wildcard for the whole name. Otherwise each of its words must occur in the name, the
    description, the place or the unit. Case does not matter. `asset` is a place, or a wildcard for one.
    """
    wild = patterns.is_wild(text)
    rows = (names.row(name) for name in names.find(text if wild else "*", asset or "*"))
    words = [] if wild else patterns.name_of(text).casefold().split()
    return [row for row in rows if all(word in _searched(row) for word in words)]


def csv_parts(readings: pa.RecordBatchReader) -> Iterator[bytes]:
    """Return an iterator of the CSV of `readings`: the header and the first rows, then up to CSV_ROWS rows at a time.

    Times are ISO 8601 in UTC; a missing value is an empty cell. A text that a spreadsheet would take for a formula
    begins with an apostrophe. The first part is made before this returns, so that its errors are raised here.
    """
    parts = _csv_parts(readings)
    return chain([next(parts)], parts)


def _csv_parts(readings: pa.RecordBatchReader) -> Iterator[bytes]:
    waiting = _text(readings.schema.empty_table(), csv.WriteOptions(include_header=True))
    while (batch := _next(readings)) is not None:
        for first in range(0, len(batch), CSV_ROWS):
            rows = _harmless(pa.Table.from_batches([batch.slice(first, CSV_ROWS)]))
            yield waiting + _text(rows, csv.WriteOptions(include_header=False))
            waiting = b""
    if waiting:
        yield waiting


def _next(readings: pa.RecordBatchReader) -> pa.RecordBatch | None:
    """Return the next batch, None after the last one. Of all files, one reads at a time: reading takes most memory."""
    with _READING:
        batch = next(iter(readings), None)
        pa.default_memory_pool().release_unused()
        return batch


def _harmless(rows: pa.Table) -> pa.Table:
    """Return the rows with an apostrophe before each text that a spreadsheet would take for a formula."""
    for number, field in enumerate(rows.schema):
        if pa.types.is_string(field.type):
            quoted = pc.replace_substring_regex(rows[field.name], _FORMULA, r"'\1")
            rows = rows.set_column(number, field, quoted)
    return rows


def _searched(row: Mapping[str, Any]) -> str:
    return "\n".join(str(row.get(column) or "") for column in _WORDS_IN).casefold()


def _text(table: pa.Table, options: csv.WriteOptions) -> bytes:
    out = io.BytesIO()
    csv.write_csv(table, out, options)
    return out.getvalue()
