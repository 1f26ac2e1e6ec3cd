"""What is drawn of the demo's second year: tags with what the model expects of them, and with their events."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from duckdb import DuckDBPyConnection

from headrace.environment import warehouse
from headrace.local.demo.trend import Panel
from headrace.local.demo.year import Event

_TREND = Path(__file__).parent / "queries" / "trend.sql"


class Drawn(NamedTuple):
    """A tag, its unit, and the span of time that is drawn of it."""

    tag: str
    unit: str
    since: datetime
    lasts: timedelta


ICE_AND_OUTAGE = (
    Drawn("R80711.active_power", "kW", datetime(2015, 2, 22, 18, tzinfo=UTC), timedelta(hours=24)),
    Drawn("R80711.wind_speed", "m/s", datetime(2015, 2, 22, 18, tzinfo=UTC), timedelta(hours=24)),
    Drawn("R80790.nacelle_direction", "deg", datetime(2015, 2, 6, tzinfo=UTC), timedelta(days=4)),
)


def panels(connection: DuckDBPyConnection, model: str, events: Sequence[Event], drawn: Iterable[Drawn]) -> list[Panel]:
    """Return a panel for each tag. model: the pin of the version whose bands are drawn; events: those of the year."""
    found = []
    for tag, unit, since, lasts in drawn:
        until = since + lasts
        span = {"tag": tag, "model": model, "since": since.isoformat(), "until": until.isoformat()}
        rows = warehouse.run(connection, _TREND, span).to_arrow_table()
        own = [each for each in events if each.tag == tag and each.start < until and each.end >= since]
        found.append(Panel(f"{tag}, from {since.day} {since:%B %Y}", unit, rows, own))
    return found
