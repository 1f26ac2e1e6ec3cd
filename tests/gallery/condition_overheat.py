"""Readings over a limit, as they arrive: the power of four turbines, judged by pandas."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gallery import turbines
from gallery.kit import Feed, Tables, Verdict, count, same

JOB = "condition/overheat_v1"

LIMIT = 100.0


def write(folder: Path) -> Sequence[Feed]:
    """Write half a year of the turbines' power, in kW: the demo has no hot bearings."""
    return turbines.write(folder, "active_power", days=180)


def judge(tables: Tables) -> Sequence[Verdict]:
    """Compare rows and alerts with the readings that were sent."""
    sent = turbines.sent(tables)
    hot = sent[sent["value"] > LIMIT][["tag", "ts", "value"]]
    alerts = len(tables.messages("overheat_alerts"))
    return [
        same("rows", tables.frame("select tag, ts, value from condition.overheats"), hot),
        Verdict("alerts", count(alerts, "message"), count(len(hot), "message"), alerts == len(hot)),
    ]
