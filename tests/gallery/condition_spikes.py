"""Hours with many spikes, in sliding windows: the power of four turbines by the minute, judged by DuckDB."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from gallery import turbines
from gallery.kit import Feed, Tables, Verdict, duck, same

JOB = "condition/spikes_v1"

WINDOWS = """
    with reading as (select tag, epoch_ms(ts) // 300000 as slot, value from latest where value is not null),
    placed as (select tag, slot - ago as first, value from reading, generate_series(0, 11) as of_hour(ago))
    select
        tag,
        make_timestamp(first * 300000000) as window_start,
        count(*) filter (value > 120) as spikes,
        avg(value) as average,
        count(*) as readings
    from placed
    group by tag, first
    having count(*) filter (value > 120) > 10 and avg(value) > 100
"""
"""Each reading in the twelve hours, one every five minutes, that hold it."""


def write(folder: Path) -> Sequence[Feed]:
    """Write a month of the turbines' power as a gateway that sends it each minute: the means of ten minutes, held."""
    return turbines.write(folder, "active_power", minutes=1, days=30)


def judge(tables: Tables) -> Sequence[Verdict]:
    """Compare the hours with those of DuckDB over all readings at once."""
    found = tables.frame("select tag, window_start, spikes, average, readings from condition.spikes")
    return [same("hours", found, hours(turbines.latest(tables)), tolerance=1e-6)]


def hours(latest: pd.DataFrame) -> pd.DataFrame:
    """Return the hours with many spikes of readings with one per tag and time."""
    return duck(WINDOWS, latest=latest)
