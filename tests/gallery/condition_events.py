"""Storms as event frames: the wind of four turbines over a year, judged by a loop in Python."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

from gallery import turbines
from gallery.kit import Feed, Tables, Verdict, same

JOB = "condition/events_v1"

START, END, GAP = 15.0, 12.0, pd.Timedelta("30min")
DAY = pd.Timedelta("1D")
COLUMNS = ["tag", "started_at", "ended_at", "max_value", "readings", "closed_by", "mean_value"]


def write(folder: Path) -> Sequence[Feed]:
    """Write a year of wind speeds."""
    return turbines.write(folder, "wind_speed", days=365)


def judge(tables: Tables) -> Sequence[Verdict]:
    """Compare the events with those that a loop over each tag's readings finds."""
    readings = turbines.latest(tables).dropna()
    wanted = pd.DataFrame((row for _, part in readings.groupby("tag") for row in events(part)), columns=COLUMNS)
    found = tables.frame(f"select {', '.join(COLUMNS)} from condition.events")
    return [same("events", found.round(6), wanted.round(6), tolerance=1e-6)]


def events(readings: pd.DataFrame) -> Iterator[tuple[object, ...]]:
    """Yield the events, as in COLUMNS, of a tag's readings, by time, that have ended."""
    inside: list[tuple[pd.Timestamp, float]] = []
    for tag, ts, value in readings.itertuples(index=False):
        if inside and ts - inside[-1][0] > GAP:
            yield _event(tag, inside, inside[-1][0], "gap")
            inside = []
        if inside and value < END:
            yield _event(tag, inside, ts, "condition")
            inside = []
        elif inside or value > START:
            inside.append((ts, value))


def _event(tag: str, inside: list[tuple[pd.Timestamp, float]], end: pd.Timestamp, closed_by: str) -> tuple[object, ...]:
    values = [value for _, value in inside]
    return tag, inside[0][0], end, max(values), len(values), closed_by, sum(values) / len(values)


def picture(tables: Tables, path: Path) -> None:
    """Draw the day of the strongest storm, with the event frames of its tag."""
    found = tables.frame("""
        select tag, started_at as since, ended_at as until
        from condition.events
        where tag = (select arg_max(tag, max_value) from condition.events)
        order by max_value desc
    """)
    tag, since, until = found.iloc[0]
    readings = turbines.latest(tables)
    near = readings["ts"].between(since - DAY / 2, until + DAY / 2) & (readings["tag"] == tag)
    spans = list(zip(found["since"], found["until"], strict=True))
    turbines.draw(path, readings[near], spans, (START, END))
