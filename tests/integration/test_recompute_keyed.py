"""Windows whose rows need the reading before them, computed again: in a table that is upserted, and by corrections."""

from __future__ import annotations

import json
import random
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any

from headrace.environment.apply import table_changes
from headrace.upkeep import recompute
from support.worlds.live_plant import Plant

KEEPER, BILLED, NOW = "billing/meter_readings_v1", "billing/metered_usage_v1", "billing/usage_now_v1"
START = datetime(2026, 1, 1, tzinfo=UTC)
HOURS = 8
Reading = tuple[str, datetime, float]
JOB = """\
kind: job
name: billing/usage_now_v1
owner: tests
description: Usage by meter and hour, replaced by what late readings make of it.
grain: one row per meter and hour
reads: [source/meter_readings]
writes: {table/billing.usage_now: upsert}
window: {length: 1h, needs: 1h}
"""
TABLE = """\
description: Usage by meter and hour.
owner: tests
grain: one row per meter and hour
columns:
  meter: {type: string, required: true, doc: "Number of the meter"}
  ts: {type: timestamptz, required: true, doc: "Start of the hour", unit: UTC}
  used: {type: double, doc: "Energy", unit: kWh}
  readings: {type: long, required: true, doc: "Number of readings", unit: "1"}
key: [meter, ts]
"""


def write(plant: Plant) -> None:
    contract = plant.project.sql / "_sources" / "meter_readings.yaml"
    contract.write_text(contract.read_text().replace("topic: billing.meters", f"topic: {plant.topic}"))
    billed = plant.project.sql / BILLED / "billing.usage.sql.j2"
    now = plant.project.sql / NOW
    now.mkdir()
    (now / "job.yaml").write_text(JOB)
    select = billed.read_text().replace(",\n    cast(null as timestamp_ltz(6)) as corrected_at", "")
    (now / "billing.usage_now.sql.j2").write_text(select)
    (plant.project.sql / "_tables" / "billing.usage_now.yaml").write_text(TABLE)
    table_changes.apply(plant.project, plant.settings)


def readings() -> tuple[list[Reading], list[Reading]]:
    """Return readings on time and late readings: one in a gap, two with a reset between them."""
    chance = random.Random(4)  # noqa: S311 - reproducible, not secret
    on_time: list[Reading] = []
    late: list[Reading] = []
    for meter in "abc":
        energy = 100.0
        for minute in range(0, HOURS * 60, 5):
            if meter == "b" and 130 <= minute < 330 and minute != 200:
                continue  # a gap, with a late reading in it
            energy = 0.5 if (meter, minute) == ("c", 240) else energy + chance.random()
            reading = meter, START + timedelta(minutes=minute), round(energy, 3)
            is_late = minute < 360 and (
                chance.random() < 0.1 or (meter, minute) in (("b", 200), ("c", 235), ("c", 240))
            )
            (late if is_late else on_time).append(reading)
    return sorted(on_time, key=lambda each: each[1]), late


def usage(every: list[Reading]) -> dict[tuple[str, datetime], tuple[float, int]]:
    """Return the usage and the number of readings by meter and hour."""
    hours: dict[tuple[str, datetime], list[float]] = defaultdict(list)
    before: dict[str, float] = {}
    for meter, ts, energy in sorted(every, key=lambda each: each[1]):
        last = before.get(meter)
        used = 0.0 if last is None else energy - last if energy >= last else energy
        hours[meter, ts.replace(minute=0)].append(used)
        before[meter] = energy
    return {hour: (round(sum(used), 6), len(used)) for hour, used in hours.items()}


def stored(plant: Plant, sql: str) -> dict[tuple[str, datetime], tuple[float, int]]:
    return {(meter, ts): (round(used or 0.0, 6), int(count)) for meter, ts, used, count in plant.query(sql)}


def rows(plant: Plant) -> list[Any]:
    return plant.query("select * from billing.usage union all select *, null from billing.usage_now order by all")


def test_late_readings_count_in_all_windows_that_depend_on_them(own_plant: Plant) -> None:
    write(own_plant)
    on_time, late = readings()
    every = [*on_time, *late]
    own_plant.produce(
        json.dumps({"meter": meter, "ts": round(ts.timestamp() * 1000), "energy": energy}).encode()
        for meter, ts, energy in every
    )
    for job in (KEEPER, BILLED, NOW):
        own_plant.finish(own_plant.submit(job, bounded=True, parallelism=1))
    listed = own_plant.query("select job, count(*) from historian.late_readings group by all order by all")
    assert [job for job, _ in listed] == [BILLED, NOW]

    results = recompute.recompute(own_plant.project, own_plant.settings, [BILLED, NOW])
    assert all(each.recomputed for each in results)
    assert not any(each.still_open or each.unstored for each in results)
    wanted = usage(every)
    assert stored(own_plant, "select * from billing.usage_now") == wanted
    summed = "select meter, ts, sum(used), sum(readings) from billing.usage group by all"
    assert stored(own_plant, summed) == wanted
    assert own_plant.query("select count(*) from billing.usage where corrected_at is not null")[0][0] > 0

    before = rows(own_plant)
    recompute.recompute(own_plant.project, own_plant.settings, [BILLED, NOW])
    assert rows(own_plant) == before
