"""The events of the demo's second year: which of them an engineer recognises, and how many are left.

`findings.csv` is what a person saw who looked at the signals behind each event (docs/demo-year.md). The model knows
nothing of it.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa
from duckdb import DuckDBPyConnection

from headrace.environment import warehouse

FINDINGS = Path(__file__).with_name("findings.csv")
APART = timedelta(hours=12)
"""Events of a turbine that are at most this far apart are one episode."""


@dataclass(frozen=True)
class Event:
    """One event frame of condition.anomaly_events; start and end are the times of its first and last anomaly."""

    tag: str
    start: datetime
    end: datetime
    peak_score: float
    cause: str

    @property
    def turbine(self) -> str:
        """The turbine that the tag belongs to."""
        return self.tag.partition(".")[0]


@dataclass(frozen=True)
class Finding:
    """What was wrong at some turbines in a span of time, and what shows it."""

    start: datetime
    end: datetime
    turbines: tuple[str, ...]
    what: str
    evidence: str

    def explains(self, event: Event) -> bool:
        """Return whether the event is at one of the turbines and overlaps the span."""
        return event.turbine in self.turbines and event.start <= self.end and event.end >= self.start


@dataclass(frozen=True)
class Year:
    """All events, those that belong to each finding, and the others; by start."""

    events: list[Event]
    recognised: list[tuple[Finding, list[Event]]]
    others: list[Event]

    @property
    def episodes(self) -> list[list[Event]]:
        """The other events by turbine and time: those of a turbine at most APART apart are together; by start."""
        return episodes(self.others)


def findings(file: Path = FINDINGS) -> list[Finding]:
    """Return the findings of the file, in its order."""
    with file.open(encoding="utf-8", newline="") as lines:
        return [
            Finding(
                datetime.fromisoformat(row["from"]),
                datetime.fromisoformat(row["until"]),
                tuple(row["turbines"].split()),
                row["what"],
                row["evidence"],
            )
            for row in csv.DictReader(lines)
        ]


def stored(connection: DuckDBPyConnection, model: str) -> Year:
    """Return the year as the version `model` of a model has scored it."""
    rows = warehouse.run(connection, Path(__file__).parent / "queries" / "events.sql", {"model": model})
    return of(rows.to_arrow_table(), findings())


def of(rows: pa.Table, known: Sequence[Finding]) -> Year:
    """Return the events of `rows` (tag, started_at, ended_at, peak_score, cause), each with at most one finding."""
    events = sorted((Event(*row.values()) for row in rows.to_pylist()), key=lambda event: (event.start, event.tag))
    found: dict[Event, Finding | None] = {
        event: next((finding for finding in known if finding.explains(event)), None) for event in events
    }
    recognised = [(finding, [event for event in events if found[event] is finding]) for finding in known]
    return Year(
        events,
        [(finding, explained) for finding, explained in recognised if explained],
        [event for event in events if found[event] is None],
    )


def episodes(events: Iterable[Event]) -> list[list[Event]]:
    """Return the events by turbine and time, as `Year.episodes` has them."""
    together: list[list[Event]] = []
    latest: dict[str, list[Event]] = {}
    for event in sorted(events, key=lambda event: event.start):
        group = latest.get(event.turbine)
        if group is None or event.start - max(each.end for each in group) > APART:
            group = latest[event.turbine] = []
            together.append(group)
        group.append(event)
    return together
