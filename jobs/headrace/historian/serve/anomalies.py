"""The parts of responses that say what models of anomaly scores have found: bands and events."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import BaseModel

from headrace.historian.anomalies import newest
from headrace.historian.series.intervals import microseconds
from headrace.historian.serve.units import Times, Values, milliseconds, or_none, times

MAX_DRAWN = 200


class Band(BaseModel, use_attribute_docstrings=True):
    """Where a model expects the readings of a tag; a gap begins at an item whose values are null."""

    model: str
    """name@version"""
    ts: Times
    expected: Values
    """The first expected value of the pixel, in the tag's unit."""
    low: Values
    """The lowest lower end of the pixel."""
    high: Values
    """The highest upper end of the pixel."""


class Event(BaseModel, use_attribute_docstrings=True):
    """An event of anomalies of one tag, and what people say of it."""

    tag: str
    started_at: float
    ended_at: float
    """The time of its last anomaly so far."""
    peak_at: float
    peak_score: float
    """The logarithm of the months between such events in normal operation."""
    cause: str
    related: list[str]
    """Tags of the asset that were unusual at the same time."""
    state: str
    """open: a later anomaly could continue it; ended: none can."""
    suppressed_by: str | None
    """Why nobody was alerted; null if somebody was."""
    model: str
    acknowledged: bool
    acknowledged_by: str | None
    acknowledged_at: float | None
    note: str | None
    noted_by: str | None
    noted_at: float | None


class Events(BaseModel, use_attribute_docstrings=True):
    """The events that match, newest first, limited to the requested number."""

    found: int
    """The number of all matching events."""
    events: list[Event]
    causes: list[str]
    """The causes of all stored events."""
    models: list[str]
    """The models of all stored events, the newest first. Without any, no model has found an event here yet."""


class Compared(BaseModel, use_attribute_docstrings=True):
    """What one signal measured during two events; an item per offset."""

    signal: str
    first_tag: str | None
    second_tag: str | None
    offset_s: list[float]
    """Seconds since the start of each event."""
    first: Values
    second: Values


class Comparison(BaseModel, use_attribute_docstrings=True):
    """Two events, and their signals: first that of the events' own tags, then the related ones."""

    first: Event
    second: Event
    signals: list[Compared]


@dataclass(frozen=True)
class Found:
    """The bands of `Historian.bands` and the events of `Historian.events` in a span, of the tags of a request."""

    bands: pa.Table
    events: Sequence[Mapping[str, Any]]

    @classmethod
    def shown(cls, bands: pa.Table, events: Sequence[Mapping[str, Any]], models: Sequence[str]) -> Found:
        """Return what these models have found; without any, at each time of a tag what the newest one has found."""
        if models:
            kept = bands.filter(pc.is_in(bands["model"], pa.array(models, pa.string())))
            return cls(kept, [event for event in events if event["model"] in models])
        scored = newest.scored(bands)
        current = [event for event in events if not newest.is_superseded(scored, *_place(event))]
        return cls(newest.bands(bands), current)

    def of(self, tag: str) -> list[Mapping[str, Any]]:
        """Return the events of a tag."""
        return [event for event in self.events if event["tag"] == tag]


def _place(event: Mapping[str, Any]) -> tuple[str, str, int, int]:
    return event["tag"], event["model"], microseconds(event["started_at"]), microseconds(event["ended_at"])


def ranked(models: Iterable[str]) -> list[str]:
    """Return the models without duplicates, the newest first."""
    return sorted({*models}, key=newest.rank, reverse=True)


def bands(rows: pa.Table) -> list[Band]:
    """Return one band per model of `rows`, the bands of one tag."""
    return [_band(model, rows.filter(pc.equal(rows["model"], model))) for model in rows["model"].unique().to_pylist()]


def _band(model: str, rows: pa.Table) -> Band:
    values = {name: rows[name].to_pylist() for name in ("expected", "low", "high")}
    return Band(model=model, ts=times(rows), **values)


def event(row: Mapping[str, Any]) -> Event:
    """Return a row of `Historian.events` with its times in milliseconds."""
    required = {name: milliseconds(row[name]) for name in ("started_at", "ended_at", "peak_at")}
    optional = {name: or_none(row[name]) for name in ("acknowledged_at", "noted_at")}
    return Event.model_validate({**row, **required, **optional})


def strongest(rows: Sequence[Mapping[str, Any]]) -> list[Event]:
    """Return the events by start; of more than MAX_DRAWN, those with the highest scores."""
    kept = sorted(rows, key=lambda row: -row["peak_score"])[:MAX_DRAWN]
    return [event(row) for row in sorted(kept, key=lambda row: (row["started_at"], row["model"]))]


def compared(table: pa.Table) -> list[Compared]:
    """Return the signals of `comparison.compare`, in their order."""
    signals = []
    for name in table["signal"].unique().to_pylist():
        rows = table.filter(pc.equal(table["signal"], name))
        tags = {side: rows[side][0].as_py() for side in ("first_tag", "second_tag")}
        values = {column: rows[column].to_pylist() for column in ("offset_s", "first", "second")}
        signals.append(Compared(signal=name, **tags, **values))
    return signals
