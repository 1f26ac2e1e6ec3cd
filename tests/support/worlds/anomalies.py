"""What models have found in the readings of the wind farm: scores of a month, and events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from headrace.environment import iceberg, settings
from headrace.environment.apply import table_changes
from headrace.project import table_files
from headrace.project.paths import Project
from support import copy_tables
from support.worlds.turbines import EVERY, READINGS, time_of

NAMES = ("condition.scores", "condition.anomaly_events", "condition.anomaly_notes")
UNKNOWN = range(1000, 1100)
"""Readings of W1.wind_speed for which the model expects nothing."""
OLD, NEW = "farm@1", "farm@2"


def create(project: Project) -> None:
    """Create the tables of scores, events and notes, empty."""
    copy_tables(project.root, *NAMES)
    table_changes.apply(project, settings.load(project, "local"))


def append(project: Project, name: str, rows: Sequence[Mapping[str, Any]] | pa.Table) -> None:
    """Append rows to one of the tables."""
    schema = table_files.load_all(project)[name].arrow_schema()
    added = rows if isinstance(rows, pa.Table) else pa.Table.from_pylist([*rows], schema)
    iceberg.load_table(iceberg.connect(settings.load(project, "local")), name).append(added.cast(schema))


def scores(tag: str, model: str = OLD, numbers: range = range(READINGS), unknown: range = UNKNOWN) -> pa.Table:
    """Return scores of the readings `numbers` of a tag: a wave of 4 around 8 is expected, give or take 3."""
    at = np.array(numbers)
    expected = 8 + 4 * np.sin(at / 97)
    none = (at >= unknown.start) & (at < unknown.stop)
    size = len(at)
    columns = {
        "tag": [tag] * size,
        "ts": [time_of(number) for number in numbers],
        "model": [model] * size,
        "score": pa.array(np.zeros(size), mask=none),
        "anomaly": pa.array(np.zeros(size, np.bool_), mask=none),
        "cause": pa.array(["level"] * size, mask=none),
        "expected": pa.array(expected, mask=none),
        "low": pa.array(expected - 3, mask=none),
        "high": pa.array(expected + 3, mask=none),
        "none_because": pa.array(["an input of the model is missing"] * size, mask=~none),
    }
    return pa.table(columns)


def event(tag: str, first: int, last: int, **other: Any) -> dict[str, Any]:
    """Return a row of condition.anomaly_events, from one reading to another."""
    found = {
        "cause": "level",
        "related": None,
        "state": "ended",
        "suppressed_by": None,
        "model": OLD,
        "peak_score": 1.5,
    }
    times = {"started_at": time_of(first), "ended_at": time_of(last), "peak_at": time_of(first)}
    return {"tag": tag, "model": OLD, **found, **times, **other}


def note(tag: str, at: datetime, minute: int, **other: Any) -> dict[str, Any]:
    """Return a row of condition.anomaly_notes, written `minute` minutes after the month."""
    written = {"noted_at": time_of(READINGS) + timedelta(minutes=minute), "noted_by": "ann", "model": OLD}
    return {"tag": tag, "started_at": at, **written, **other}


EVENTS = [
    event("W1.wind_speed", 700, 700, peak_score=2.25, related="W1.power"),
    event("W1.wind_speed", 2500, 2501, cause="jump", peak_score=3.0, related="W1.power"),
    event("W1.power", 2500, 2502, cause="shift_1h", related="W1.wind_speed", suppressed_by="out_of_regime"),
    event("W2.wind_speed", 4000, READINGS - 1, cause="shift_2d", state="open"),
    event("Gone.flow", -30_000, -29_900, cause="stuck"),
]
"""Gone.flow has no readings: they expired."""


def found(project: Project) -> None:
    """Create the tables and store scores of two tags, one of them a file per day, and EVENTS."""
    create(project)
    append(project, "condition.scores", pa.concat_tables([scores("W1.wind_speed"), scores("W2.wind_speed")]))
    append(project, "condition.anomaly_events", EVENTS)


def times_of(table: pa.Table, every: timedelta = EVERY) -> list[int]:
    """Return the numbers of the readings whose times are in the column ts."""
    return [round((ts - time_of(0)) / every) for ts in table["ts"].to_pylist()]
