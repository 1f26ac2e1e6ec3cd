"""Sensors that are stuck or silent: the wind of four turbines over a year, judged by a loop in Python."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

from gallery import turbines
from gallery.kit import Feed, Tables, Verdict, same

JOB = "condition/stuck_v1"

STUCK, SILENT = pd.Timedelta("2h"), pd.Timedelta("30min")


def write(folder: Path) -> Sequence[Feed]:
    """Write a year of wind speeds."""
    return turbines.write(folder, "wind_speed", days=365)


def judge(tables: Tables) -> Sequence[Verdict]:
    """Compare the faults with those that a loop over each tag's readings finds."""
    readings = turbines.latest(tables)
    wanted = [fault for _, of_tag in readings.groupby("tag") for fault in faults(of_tag, readings["ts"].max())]
    found = tables.frame("select tag, kind, since, detected_at from condition.sensor_faults")
    return [same("faults", found, pd.DataFrame(wanted, columns=["tag", "kind", "since", "detected_at"]))]


def faults(readings: pd.DataFrame, end: pd.Timestamp) -> Iterator[tuple[object, ...]]:
    """Yield tag, kind, since and detected_at of what a tag's readings, by time, show until the end of all readings."""
    first, value, is_stuck, before = None, None, False, None
    for tag, ts, now in readings.itertuples(index=False):
        if before is not None and ts - before > SILENT:
            yield tag, "silent", before, before + SILENT
            value = None  # It may have changed meanwhile.
        if now != value:
            first, value, is_stuck = ts, now, False
        elif not is_stuck and ts - first > STUCK:
            is_stuck = True
            yield tag, "stuck", first, ts
        before = ts
    if before is not None and end - before > SILENT:
        yield tag, "silent", before, before + SILENT
