"""The funnel of the web shop, judged by pandas over all events at once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from gallery import delivery, web_shop
from gallery.kit import Tables, Verdict, count, same
from gallery.web_shop import write

__all__ = ["JOB", "judge", "picture", "write"]

JOB = "web/funnel_v1"
WITHIN = pd.Timedelta(hours=2)


def judge(tables: Tables) -> Sequence[Verdict]:
    """Compare the days with those of pandas, over the events in time and over everything."""
    sent = web_shop.sent(tables, JOB)
    found = tables.frame("select * from web.funnel")
    everything = days(sent.good)
    both = found.merge(everything, on=["ts", "step"], how="outer", suffixes=("", "_all")).fillna(0)
    apart = int((both["visitors"] - both["visitors_all"]).abs().sum())
    limit = len(sent.good) - len(sent.on_time)
    return [
        same("days, and those of pandas over the events in time", found, days(sent.on_time)),
        Verdict("what late events would change", count(apart, "visitor"), f"at most {3 * limit}", apart <= 3 * limit),
        *delivery.delivered(tables, JOB, sent),
    ]


def days(events: pd.DataFrame) -> pd.DataFrame:
    """Return the visitors by day and step: an action counts from the latest page, or cart, that led to it."""
    of = {action: rows[["visitor", "ts"]].sort_values("ts") for action, rows in events.groupby("action")}
    views = of["view"].assign(start=of["view"]["ts"])
    carts = _next(of["cart"], views)
    steps = [views, carts, _next(of["pay"], carts)]
    rows = pd.concat([each.assign(step=number) for number, each in enumerate(steps, 1)])
    counted = rows.groupby([rows["ts"].dt.floor("D"), "step"])["visitor"].nunique()
    return counted.rename("visitors").reset_index()


def _next(actions: pd.DataFrame, before: pd.DataFrame) -> pd.DataFrame:
    """Return the actions that come within WITHIN of the start of the latest step before them, with that start."""
    led = pd.merge_asof(actions, before[["visitor", "ts", "start"]], on="ts", by="visitor")
    return led[led["ts"] - led["start"] <= WITHIN]


def picture(tables: Tables, path: Path) -> None:
    """Draw the visitors of each step, in all."""
    found = tables.frame("select step, sum(visitors) as visitors from web.funnel group by step order by step")
    names = {1: "page", 2: "cart", 3: "payment"}
    most, bars = int(found["visitors"].max()), []
    for row, (step, visitors) in enumerate(found.itertuples(index=False)):
        y, width = 8 + row * 40, 480 * visitors / most
        bars.append(f'<rect x="90" y="{y}" width="{width:.0f}" height="28" fill="#3b6ea5"/>')
        bars.append(f'<text x="80" y="{y + 19}" text-anchor="end">{names[int(step)]}</text>')
        bars.append(f'<text x="{96 + width:.0f}" y="{y + 19}">{int(visitors):,}</text>')
    style = 'font-family="sans-serif" font-size="14" fill="#555"'
    path.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 660 128" {style}>{"".join(bars)}</svg>\n',
        encoding="utf-8",
    )
