"""What jobs have stored of a model: how many readings have a score, and its events with what people say of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from headrace.environment import iceberg, warehouse
from headrace.environment.settings import Settings
from headrace.historian.anomalies.event_reader import Choice
from headrace.historian.historian import Historian
from headrace.historian.models.counts import Counts
from headrace.project.system_tables import SCORES

Kind = Literal["open", "real", "false"]
"""What people say of an event: nothing yet, that it is real, or that it is a false alarm."""

_FALSE = "false"
_QUERY = Path(__file__).parent / "queries" / "score_counts.sql"


@dataclass(frozen=True)
class Noted:
    """An event: its tag, the month of its start (2015-01), and what people say of it."""

    tag: str
    month: str
    kind: Kind


def counts(settings: Settings, model: str, since: datetime, until: datetime) -> dict[tuple[str, str], Counts]:
    """Return the stored scores of a version, by month (2015-01) and tag; {} if the table is missing or has none.

    Raises PlatformError.
    """
    if iceberg.find_table(iceberg.connect(settings), SCORES) is None:
        return {}
    connection = warehouse.open(settings, [SCORES])
    with warehouse.errors_reported():
        rows = warehouse.run(connection, _QUERY, {"model": model, "since": since, "until": until}).fetchall()
    readings: dict[tuple[str, str], int] = {}
    without: dict[tuple[str, str], dict[str, int]] = {}
    for month, tag, reason, count in rows:
        readings[month, tag] = readings.get((month, tag), 0) + count
        if reason is not None:
            without.setdefault((month, tag), {})[reason] = count
    return {key: Counts(count, without.get(key, {})) for key, count in readings.items()}


def events(historian: Historian, model: str, since: datetime, until: datetime) -> list[Noted]:
    """Return the stored events of a version that start in the span; [] if the tables are missing.

    Raises PlatformError.
    """
    reader = historian.anomalies.events
    if reader is None:
        return []
    found = reader.find(Choice(since=since, until=until)).to_pylist()
    return [
        Noted(row["tag"], f"{row['started_at'].astimezone(UTC):%Y-%m}", _kind(row["acknowledged"], row["note"]))
        for row in found
        if row["model"] == model and row["started_at"] >= since
    ]


def _kind(acknowledged: bool | None, note: str | None) -> Kind:
    """Return what people say: a note that begins with "false" calls it a false alarm, acknowledged it is real."""
    if (note or "").strip().lower().startswith(_FALSE):
        return "false"
    return "real" if acknowledged else "open"
