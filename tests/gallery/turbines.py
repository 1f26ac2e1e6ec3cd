"""The demo's data: what four real wind turbines measured, for the jobs of condition/ and product/."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from gallery.kit import Feed, Tables, duck
from headrace.local.demo import dataset
from headrace.local.demo.corruption import DAMAGES
from headrace.project.paths import Project
from support import ROOT

DAMAGED_EVERY = 1000
"""One message of so many is damaged, in all ways that the demo knows."""
SENT = "sent.csv"
HOUR = pd.Timedelta("1h")


def write(folder: Path, signal: str, minutes: int = 10, days: int = 730) -> Sequence[Feed]:
    """Write the readings of a signal in order of time, some damaged.

    They are means of ten minutes. `minutes`: how often a gateway sends them, if that is more often.
    """
    table = dataset.readings(dataset.fetch(Project.find(ROOT))).to_pandas()
    table = table[table["tag"].str.endswith(f".{signal}") & (table["ts"] < table["ts"].min() + days * 86_400_000)]
    table["value"] = [json.loads(each)["value"] for each in table["payload"]]
    held = table.loc[table.index.repeat(10 // minutes), ["tag", "ts", "value"]].reset_index(drop=True)
    held["ts"] += np.tile(np.arange(10 // minutes), len(table)) * minutes * 60_000
    held = held.sort_values("ts", kind="stable", ignore_index=True)
    lines = [
        json.dumps({"tag": tag, "ts": ts, "value": None if value != value else value, "q": 192})  # noqa: PLR0124 - a NaN
        for tag, ts, value in held.itertuples(index=False)
    ]
    good = []
    for n, line in enumerate(lines):
        good.append(n % DAMAGED_EVERY != DAMAGED_EVERY - 1)
        if not good[-1]:
            damaged = DAMAGES[n // DAMAGED_EVERY % len(DAMAGES)].apply(line.replace(": ", ":").encode())
            value = None if damaged is None else {"$base64": base64.b64encode(damaged).decode()}
            lines[n] = json.dumps({"$message": {"value": value}})
    (folder / "readings.jsonl").write_text("\n".join(lines) + "\n")
    held[good].to_csv(folder / SENT, index_label="n")
    return [Feed("source/plant_readings", folder / "readings.jsonl")]


def damaged(tables: Tables) -> int:
    """Return the number of damaged messages."""
    return sum('"$message"' in line for line in (tables.folder / "readings.jsonl").open())


def sent(tables: Tables) -> pd.DataFrame:
    """Return the readings that were not damaged: n, tag, ts in UTC, and value, in the order in which they were sent."""
    table = pd.read_csv(tables.folder / SENT, float_precision="round_trip")
    return table.assign(ts=pd.to_datetime(table["ts"], unit="ms", utc=True))


def latest(tables: Tables) -> pd.DataFrame:
    """Return one reading per tag and time, by tag and time: the one that was sent last."""
    return duck(
        "select tag, ts, last(value order by n) as value from sent group by all order by all", sent=sent(tables)
    )


def draw(
    path: Path, readings: pd.DataFrame, spans: Sequence[tuple[pd.Timestamp, pd.Timestamp]], limits: Sequence[float]
) -> None:
    """Draw a tag's readings, ts and value, over spans of time and limits, in the tag's unit."""
    start = readings["ts"].min().floor("D")
    figure = Figure((7, 3), layout="constrained")
    axes = figure.subplots()
    for since, until in spans:
        axes.axvspan((since - start) / HOUR, (until - start) / HOUR, color="#f1d9d3")
    for limit in limits:
        axes.axhline(limit, color="#999999", linewidth=0.8, linestyle="--")
    hours = (readings["ts"] - start) / HOUR
    axes.plot(hours, readings["value"], linewidth=1, color="#3b6ea5")
    axes.set(xlim=(hours.min(), hours.max()), xlabel=f"hours since {start:%Y-%m-%d}", ylabel="m/s")
    figure.savefig(path, metadata={"Date": None})
