"""Hourly usage of meters, corrected by rows of credit or charge, judged by DuckDB over all readings at once."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from gallery.kit import Feed, Tables, Verdict, count, same
from headrace.upkeep import recompute

JOB = "billing/metered_usage_v1"
FIRST = ("billing/meter_readings_v1",)
READINGS = "readings.jsonl"
START, MINUTE, HOUR, HOURS, METERS = 1_767_225_600_000, 60_000, 3_600_000, 48, 60
BROKEN = 0.001


def write(folder: Path) -> Sequence[Feed]:
    """Write two days of readings, every five minutes, as they arrive."""
    random = np.random.default_rng(23)
    sent = pd.concat([_meter(f"meter-{number:03}", random) for number in range(METERS)])
    lines = []
    for meter, ts, energy in sent.sort_values("arrival", kind="stable")[["meter", "ts", "energy"]].itertuples(
        index=False
    ):
        line = json.dumps({"meter": meter, "energy": energy, "ts": ts})
        if random.random() < BROKEN:
            lines.append(json.dumps({"$message": {"key": meter, "value": {"$text": line[:-8]}}}))
        lines.append(line)
    (folder / READINGS).write_text("".join(f"{line}\n" for line in lines))
    return [Feed("source/meter_readings", folder / READINGS, key="meter", partitions=3)]


def _meter(meter: str, random: np.random.Generator) -> pd.DataFrame:
    """Return the readings of one meter: it is reset now and then, has gaps, and is cut off once for some hours."""
    ts = START + np.arange(HOURS * 12) * 5 * MINUTE + int(random.integers(0, 5 * MINUTE))
    used = np.round(random.gamma(2, 0.1, len(ts)), 3)
    counter = np.cumsum(used)
    for reset in sorted(random.integers(1, len(ts), 2).tolist()):
        counter[reset:] -= counter[reset] - used[reset] / 2
    arrival = ts + random.integers(0, 2 * MINUTE, len(ts))
    settled = ts < START + (HOURS - 8) * HOUR
    arrival = np.where(
        settled & (random.random(len(ts)) < 0.005), arrival + random.integers(HOUR, 6 * HOUR, len(ts)), arrival
    )
    cut = int(random.integers(12, (HOURS - 12) * 12))
    arrival[cut : cut + 36] = ts[cut + 36] + np.arange(36) if random.random() < 0.3 else arrival[cut : cut + 36]
    rows = pd.DataFrame({"meter": meter, "ts": ts, "energy": np.round(counter, 3), "arrival": arrival})
    gap = int(random.integers(12, len(ts) - 120))
    rows = rows.drop(index=range(gap, gap + int(random.integers(3, 60))))
    again = rows.sample(frac=0.01, random_state=int(random.integers(2**31)))
    return pd.concat([rows, again.assign(arrival=again["arrival"] + 1_000)])


def then(tables: Tables) -> None:
    """Compute again what late readings change, twice: the second time adds nothing."""
    for _ in range(2):
        recompute.recompute(tables.project, tables.settings, [JOB])


_BILLED = """
with counted as (
    select
        meter,
        ts,
        energy - case when energy >= before then before else 0 end as used,
        before
    from (
        select *, lag(energy) over (partition by meter order by ts) as before from readings
    )
)

select
    meter,
    ts // 3600000 * 3600000 as ts,
    sum(case when before is not null then used end) as used,
    count(*) as readings
from counted
group by all
"""


def judge(tables: Tables) -> Sequence[Verdict]:
    """Compare the sums of first bills and corrections with the bill over everything."""
    lines = [line for line in (tables.folder / READINGS).read_text().splitlines() if not line.startswith('{"$message"')]
    readings = pd.DataFrame(map(json.loads, lines))
    with duckdb.connect() as connection:
        wanted = connection.register("readings", readings).execute(_BILLED).df()
    found = tables.frame(
        "select meter, epoch_ms(ts) as ts, sum(used) as used, sum(readings)::bigint as readings "
        "from billing.usage group by all"
    )
    rows = tables.frame(
        "select count(*) filter (where corrected_at is null) as first, count(corrected_at) as corrections, "
        "count(distinct (meter, ts)) filter (where corrected_at is not null) as hours, "
        "sum(used) filter (where corrected_at is not null) as net from billing.usage"
    ).iloc[0]
    late = int(tables.frame(f"select count(*) as n from historian.late_readings where job = '{JOB}'")["n"].iloc[0])
    before = tables.frame("select meter, epoch_ms(ts) as ts, used from billing.usage where corrected_at is null")
    wrong = before.merge(wanted, on=["meter", "ts"], how="outer", suffixes=("", "_wanted"))
    off = int((~np.isclose(wrong["used"].fillna(0), wrong["used_wanted"].fillna(0), atol=1e-6)).sum())
    return [
        same("usage by meter and hour, and DuckDB's over all readings", found.fillna(0), wanted.fillna(0), 1e-6),
        Verdict("late readings", count(late, "reading"), "some", late > 0),
        Verdict("first bills that were wrong", count(off, "hour"), "some", off > 0),
        Verdict(
            "corrections",
            f"{count(int(rows['corrections']), 'row')} of {count(int(rows['hours']), 'hour')}, {rows['net']:+.3f} kWh",
            "one per hour that changed",
            rows["corrections"] == rows["hours"],
        ),
    ]
