"""A data product on the demo's readings: stored as sent, and measured against what it promises."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gallery import turbines
from gallery.kit import Feed, Tables, Verdict, same
from headrace.upkeep import products

JOB = "product/readings_v1"


def write(folder: Path) -> Sequence[Feed]:
    """Write a year of wind speeds."""
    return turbines.write(folder, "wind_speed", days=365)


def judge(tables: Tables) -> Sequence[Verdict]:
    """Compare the rows with what was sent, and the measured service level with the damage that was done."""
    sent, broken = turbines.sent(tables), turbines.damaged(tables)
    (found,) = products.measure(tables.project, tables.settings)
    share = len(sent) / (len(sent) + broken)
    newest = sent["ts"].max()
    rows = tables.frame("select tag, ts, value from product.readings")
    level = f"{found.completeness or 0:.4%}, newest row {found.newest:%Y-%m-%d %H:%M}"
    return [
        same("rows", rows, sent[["tag", "ts", "value"]]),
        Verdict(
            "measured",
            level,
            f"{share:.4%}, {newest:%Y-%m-%d %H:%M}",
            found.completeness == share and found.newest == newest,
        ),
        Verdict("promised completeness", "kept" if found.is_complete else "not kept", "kept", found.is_complete),
        Verdict(
            "promised freshness",
            "kept" if found.is_fresh else "not kept",
            "not kept: the data is of 2014",
            not found.is_fresh,
        ),
    ]
