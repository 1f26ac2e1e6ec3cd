"""Sessions of the web shop, judged by pandas over all events at once."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from gallery import delivery, web_shop
from gallery.kit import Tables, Verdict, same
from gallery.web_shop import write

__all__ = ["JOB", "judge", "write"]

JOB = "web/sessions_v1"
GAP = pd.Timedelta(minutes=30)
COLUMNS = [
    "visitor", "started_at", "ended_at", "channel", "first_page", "last_page", "events", "payments", "spent"
]  # fmt: skip


def judge(tables: Tables) -> Sequence[Verdict]:
    """Compare the sessions with those of pandas, and what they spent with what CDNOW took."""
    sent = web_shop.sent(tables, JOB)
    found = tables.frame("select * from web.sessions")
    was_late = set(sent.good["visitor"][~sent.good["event"].isin(sent.on_time["event"])])
    untouched, everything = (each[~each["visitor"].isin(was_late)] for each in (found, sessions(sent.good)))
    took, happened = pd.read_csv(web_shop.PURCHASES)["dollars"].sum(), web_shop.events()
    missed = happened["amount"][~happened["event"].isin(sent.on_time["event"])].sum()
    spent = found["spent"].sum()
    ledger = f"{spent:,.2f} USD in sessions, {missed:,.2f} late or broken"
    return [
        same("sessions, and those of pandas over the events in time", found, sessions(sent.on_time), 1e-9),
        same("sessions of visitors without late events, and pandas over everything", untouched, everything, 1e-9),
        Verdict("what was spent", ledger, f"{took:,.2f} USD, as CDNOW says", abs(spent + missed - took) < 0.005),
        *delivery.delivered(tables, JOB, sent),
    ]


def sessions(events: pd.DataFrame) -> pd.DataFrame:
    """Return the sessions of events that are sorted by visitor and time: a pause of more than GAP begins one."""
    begins = events.groupby("visitor")["ts"].diff().gt(GAP) | (events["visitor"] != events["visitor"].shift())
    grouped = events.assign(paid=events["action"] == "pay").groupby([events["visitor"], begins.cumsum().rename("n")])
    found = grouped.agg(
        started_at=("ts", "min"),
        ended_at=("ts", "max"),
        channel=("channel", "first"),
        first_page=("page", "first"),
        last_page=("page", "last"),
        events=("event", "size"),
        payments=("paid", "sum"),
        spent=("amount", "sum"),
    )
    return found.reset_index()[COLUMNS]
