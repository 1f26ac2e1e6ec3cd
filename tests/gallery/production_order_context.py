"""Readings with the order of their time, judged by an as-of join of DuckDB over everything that was sent."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from gallery.change_stream import Database, delivered, lines
from gallery.kit import Feed, Tables, Verdict, count, same

JOB = "production/order_context_v1"
ORDERS, READINGS = "orders.jsonl", "readings.jsonl"
START, MINUTE, HOURS, MACHINES, BROKEN = 1_767_225_600_000, 60_000, 24, 12, 5


def write(folder: Path) -> Sequence[Feed]:
    """Write a day of orders and of power, a value every ten seconds."""
    random = np.random.default_rng(5)
    erp = _orders(random)
    messages = delivered(erp.changes, random, late=0.05, restarts=3)
    (folder / ORDERS).write_text("".join(f"{line}\n" for line in lines(messages, BROKEN, random)))
    with (folder / READINGS).open("w") as file:
        for ts in range(START, START + HOURS * 60 * MINUTE, 10_000):
            for machine in range(MACHINES):
                reading = {"machine": f"m{machine}", "power_kw": round(float(random.gamma(4, 5)), 2), "ts": ts}
                file.write(json.dumps(reading) + "\n")
    return [
        Feed("source/erp_orders", folder / ORDERS, partitions=2),
        Feed("source/machine_power", folder / READINGS, key="machine", partitions=4),
    ]


def _iso(ms: int | None) -> str | None:
    return None if ms is None else pd.Timestamp(ms, unit="ms", tz="UTC").isoformat()


def _orders(random: np.random.Generator) -> Database:
    """Return orders that follow each other on each machine with gaps, and what becomes of them later.

    One in ten is entered an hour late, one in ten gets another beginning an hour after it ended, one in twenty turns
    out to have run on another machine that had none, and one in twenty is deleted.
    """
    erp = Database("order_id", lambda at: {"lsn": 24_000_000 + at * 88, "db": "erp"})
    events: list[tuple[int, int, str, dict[str, object] | str]] = []
    for machine in range(MACHINES):
        at, number = START + int(random.integers(0, 60)) * MINUTE, 0
        while at < START + HOURS * 60 * MINUTE:
            length, number = int(random.integers(20, 180)) * MINUTE, number + 1
            row: dict[str, object] = {
                "order_id": f"m{machine}-{number}",
                "machine": f"m{machine}",
                "product": str(random.choice(["bolts", "nuts", "rods"])),
                "starts_at": _iso(at),
                "ends_at": None,
            }
            entered = at + (60 * MINUTE if random.random() < 0.1 else 0)
            ended = {**row, "ends_at": _iso(at + length)}
            events.append((entered, len(events), "put", row))
            events.append((max(at + length, entered + 1), len(events), "put", ended))
            later, chance = max(at + length, entered) + 60 * MINUTE, random.random()
            if chance < 0.1:
                events.append((later, len(events), "put", {**ended, "starts_at": _iso(at + 7 * MINUTE)}))
            elif chance < 0.15:
                events.append((later, len(events), "put", {**ended, "machine": f"spare{machine}"}))
            elif chance < 0.2:
                events.append((later, len(events), "remove", str(row["order_id"])))
            at += length + int(random.integers(0, 30)) * MINUTE
    for when, _, what, row_or_key in sorted(events, key=lambda each: each[:2]):
        erp.put(row_or_key, when) if what == "put" else erp.remove(row_or_key, when)  # type: ignore[arg-type]
    return erp


_JOINED = """
with orders as (
    select * from (select *, row_number() over (partition by order_id order by lsn desc) as nth from changes)
    where nth = 1 and op <> 'd'
)

select
    readings.machine,
    readings.ts,
    readings.power_kw,
    case when ends_at is null or readings.ts < ends_at then order_id end as order_id,
    case when ends_at is null or readings.ts < ends_at then product end as product
from readings
asof left join orders on readings.machine = orders.machine and readings.ts >= orders.starts_at
"""


def _sent(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the changes of orders and the readings that were sent; times are in epoch milliseconds."""
    values = [json.loads(line)["$message"]["value"] for line in (folder / ORDERS).read_text().splitlines()]
    known = [v for v in values if v and v.get("op") in ("c", "u", "d")]
    changes = pd.DataFrame([{**(v["after"] or v["before"]), "lsn": v["source"]["lsn"], "op": v["op"]} for v in known])
    for column in ("starts_at", "ends_at"):
        times = pd.to_datetime(changes[column], utc=True).dt.tz_localize(None)
        changes[column] = ((times - pd.Timestamp(0)) // pd.Timedelta("1ms")).astype("Int64")
    return changes, pd.DataFrame(map(json.loads, (folder / READINGS).read_text().splitlines()))


def judge(tables: Tables) -> Sequence[Verdict]:
    """Compare the stored rows with the join of everything, and count the orders that came after readings of theirs."""
    changes, readings = _sent(tables.folder)
    with duckdb.connect() as connection:
        wanted = connection.register("changes", changes).register("readings", readings).execute(_JOINED).df()
    found = tables.frame(
        "select machine, epoch_ms(ts) as ts, power_kw, order_id, product from production.order_context"
    )
    named = int(found["order_id"].notna().sum())
    return [
        same("readings with their orders, and those of the as-of join", found, wanted),
        Verdict("readings with an order", count(named, "reading"), "some, and not all", 0 < named < len(found)),
    ]
