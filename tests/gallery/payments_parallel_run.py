"""Old and new rules side by side, judged by both rules in pandas over all payments at once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from gallery import cards, delivery
from gallery.cards import write
from gallery.kit import Tables, Verdict, same

__all__ = ["JOB", "judge", "picture", "write"]

JOB = "payments/parallel_run_v1"


def judge(tables: Tables) -> Sequence[Verdict]:
    """Compare the table of days and the table of differences with those of pandas."""
    sent = cards.sent(tables, JOB)
    judged = verdicts(sent.on_time)
    differing = judged[judged["old"] != judged["new"]]
    differing = differing.assign(refused_by=differing["old"].map({True: "old", False: "new"}))
    wanted = differing[["payment", "refused_by", "amount", "payments_10m", "usual_amount"]]
    found = tables.frame("select * from payments.differences")
    by_day = tables.frame("select * from payments.verdicts")
    counts = by_day[["refused_by_both", "only_old", "only_new"]].sum()
    figure = ", ".join(f"{number} {str(name).replace('_', ' ')}" for name, number in counts.items())
    fraud = set(pd.read_csv(tables.folder / cards.LABELS)["payment"])
    right = _of(found, fraud)
    listed = (len(differing[differing["old"]]), len(differing[differing["new"]]))
    return [
        same("differences, and those of pandas over the payments in time", found, wanted, 1e-6),
        same("days, and those of pandas", by_day, days(judged), 1e-6),
        Verdict("difference table", figure, f"{listed[0]} only old, {listed[1]} only new", listed == tuple(counts[1:])),
        Verdict("fraud among them, by the labels", right, _of(wanted, fraud), right == _of(wanted, fraud)),
        *delivery.delivered(tables, JOB, sent),
    ]


def _of(differences: pd.DataFrame, fraud: set[str]) -> str:
    found = differences[differences["payment"].isin(fraud)]["refused_by"].value_counts()
    return f"{found.get('old', 0)} only old, {found.get('new', 0)} only new"


def verdicts(payments: pd.DataFrame) -> pd.DataFrame:
    """Return payments that are sorted by card and time with the verdict of both rules, `old` and `new`."""
    often, usual = cards.last_ten_minutes(payments), cards.usual_amount(payments)
    amount = payments["amount"]
    old = (amount > 500) | (often > 4)
    new = ((amount > 100) & (amount > 4 * usual)) | (often > 5)
    return payments.assign(payments_10m=often, usual_amount=usual, old=old, new=new)


def days(judged: pd.DataFrame) -> pd.DataFrame:
    """Return the counts of each day."""
    only_old, only_new = judged["old"] & ~judged["new"], judged["new"] & ~judged["old"]
    counted = pd.DataFrame(
        {
            "ts": judged["ts"].dt.floor("D"),
            "payments": 1,
            "refused_by_both": (judged["old"] & judged["new"]).astype(int),
            "only_old": only_old.astype(int),
            "only_new": only_new.astype(int),
            "amount_only_old": judged["amount"].where(only_old, 0.0),
            "amount_only_new": judged["amount"].where(only_new, 0.0),
        }
    )
    return counted.groupby("ts").sum().reset_index()


def picture(tables: Tables, path: Path) -> None:
    """Draw how many payments a day only one of the rules refuses."""
    found = tables.frame("select only_old, only_new from payments.verdicts order by ts")
    most, bars = max(1, int(found.to_numpy().max())), []
    for day, (old, new) in enumerate(found.itertuples(index=False)):
        x, up, down = 40 + day * 10, 70 * old / most, 70 * new / most
        bars.append(f'<rect x="{x}" y="{80 - up:.0f}" width="8" height="{up:.0f}" fill="#3b6ea5"/>')
        bars.append(f'<rect x="{x}" y="80" width="8" height="{down:.0f}" fill="#c8553d"/>')
    words = '<text x="34" y="40" text-anchor="end">old</text><text x="34" y="130" text-anchor="end">new</text>'
    style = 'font-family="sans-serif" font-size="14" fill="#555"'
    path.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 660 160" {style}>{words}{"".join(bars)}</svg>\n',
        encoding="utf-8",
    )
