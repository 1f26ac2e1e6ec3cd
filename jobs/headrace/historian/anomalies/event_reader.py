"""Read the events of anomalies, each with what people say of it, from the view condition.current_events."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pyarrow as pa
from duckdb import DuckDBPyConnection
from pyiceberg.catalog import Catalog

from headrace.environment import iceberg, warehouse
from headrace.environment.settings import Settings
from headrace.errors import UserError, unknown
from headrace.historian.answers import TS
from headrace.historian.series.intervals import microseconds
from headrace.project.system_tables import ANOMALY_EVENTS, ANOMALY_NOTES

EVENTS = pa.schema(
    [
        ("tag", pa.string()),
        ("started_at", TS),
        ("ended_at", TS),
        ("peak_at", TS),
        ("peak_score", pa.float64()),
        ("cause", pa.string()),
        ("related", pa.list_(pa.string())),
        ("state", pa.string()),
        ("suppressed_by", pa.string()),
        ("model", pa.string()),
        ("acknowledged", pa.bool_()),
        ("acknowledged_by", pa.string()),
        ("acknowledged_at", TS),
        ("note", pa.string()),
        ("noted_by", pa.string()),
        ("noted_at", TS),
    ]
)
"""One row per event of a tag and model. `ended_at` is the time of its last anomaly so far, `state` is one of STATES.

`suppressed_by` says why nobody was alerted, null if somebody was.
"""
STATES = ("open", "ended", "stale")
"""open: a later anomaly could continue it. stale: it is open, but its job has not advanced for a day."""
_QUERIES = Path(__file__).parent / "queries"
_TABLES = (ANOMALY_EVENTS, ANOMALY_NOTES)


@dataclass(frozen=True)
class Choice:
    """Which events to return: those that fulfil everything that is not None.

    since, until: events that overlap this time; until is excluded. model: name@version, or a name for all its versions.
    state: one of STATES. min_score: the least peak score.
    """

    since: datetime | None = None
    until: datetime | None = None
    cause: str | None = None
    model: str | None = None
    state: str | None = None
    acknowledged: bool | None = None
    min_score: float | None = None

    def __post_init__(self) -> None:
        if self.state is not None and self.state not in STATES:
            raise UserError([unknown("state", self.state, list(STATES), "state")])
        for time in (self.since, self.until):
            if time is not None:
                microseconds(time)  # raises UserError for a time without a zone
        if self.since is not None and self.until is not None and self.since >= self.until:
            raise UserError(f"since {self.since.isoformat()} is not before until {self.until.isoformat()}")


@dataclass(frozen=True)
class EventReader:
    """A reader of one snapshot of the events and notes. Threads can share it."""

    connection: DuckDBPyConnection
    version: tuple[str, ...]
    """The locations of the metadata of both tables."""

    @classmethod
    def open(cls, settings: Settings, version: tuple[str, ...]) -> EventReader:
        """Return a reader of the current snapshots, of `version` or later. Raises PlatformError."""
        return cls(warehouse.open(settings, _TABLES), version)

    def find(self, choice: Choice) -> pa.Table:
        """Return the chosen events, newest first: columns as in EVENTS.

        Raises UserError for a cause or a model that no event has, and PlatformError.
        """
        rows = warehouse.run(self.connection.cursor(), _QUERIES / "events.sql", vars(choice))
        with warehouse.errors_reported():
            found = rows.to_arrow_table().cast(EVENTS)
        if not len(found):
            self._refuse_unknown(choice)
        return found

    def _refuse_unknown(self, choice: Choice) -> None:
        whole = Choice()
        if choice == whole:
            return
        known = self.find(whole)
        for what, asked in (("cause", choice.cause), ("model", choice.model)):
            stored = sorted({*known[what].to_pylist()})
            accepted = {*stored, *(each.partition("@")[0] for each in stored)}
            if asked is not None and stored and asked not in accepted:
                raise UserError([unknown(what, asked, stored, what)])


def current_version(catalog: Catalog) -> tuple[str, ...] | None:
    """Return the locations of the current metadata of the events and the notes, None if a table is missing.

    Raises PlatformError.
    """
    tables = [iceberg.find_table(catalog, name) for name in _TABLES]
    return None if None in tables else tuple(table.metadata_location for table in tables if table)
