"""Late readings of counters, from the list of late ones to the corrections, with a stand-in for the job's SQL."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyiceberg.catalog import Catalog
from pyiceberg.io.pyarrow import schema_to_pyarrow

from headrace.environment import iceberg, settings, warehouse
from headrace.environment.apply import table_changes
from headrace.environment.settings import Settings
from headrace.project.paths import Project
from headrace.upkeep.recompute import run

JOB = "billing/metered_usage_v1"
START = datetime(2026, 1, 1, tzinfo=UTC)
HOURS = 8
Reading = tuple[str, datetime, float]
Usage = dict[tuple[str, datetime], tuple[float, int]]
TABLES = (
    "billing.meter_readings",
    "billing.usage",
    "historian.late_readings",
    "historian.dirty_windows",
    "historian.deleted_rows",
)


class World:
    """Tables of one test."""

    def __init__(self, root: Path, folder: Path) -> None:
        self.project = Project(root, root / ".headrace")
        loaded = settings.load(self.project, "local")
        own = {"path": str(folder / "catalog.db"), "warehouse": f"file://{folder / 'warehouse'}"}
        self.settings: Settings = loaded.model_copy(update={"catalog": loaded.catalog.model_copy(update=own)})
        table_changes.apply(self.project, self.settings, TABLES)
        self.catalog: Catalog = iceberg.connect(self.settings)
        self.offset = 0

    def append(self, name: str, rows: list[dict[str, Any]]) -> None:
        table = self.catalog.load_table(name)
        schema = schema_to_pyarrow(table.schema(), include_field_ids=False)
        table.append(pa.Table.from_pylist([{n: row.get(n) for n in schema.names} for row in rows], schema))

    def store(self, readings: list[Reading], *, late: bool = False) -> None:
        """Keep readings as the job does that keeps each of them, and list those that are late for the other."""
        rows = []
        for meter, ts, energy in readings:
            self.offset += 1
            place = {"src_topic": "t", "src_partition": 0, "src_offset": self.offset, "src_index": 0}
            rows.append({"meter": meter, "ts": ts, "energy": energy, "quality": 0, "ingested_at": START, **place})
        self.append("billing.meter_readings", rows)
        if late:
            own = {"watermark": START, "src_ts": START, "job": JOB, "version": 1, "late_at": START}
            self.append("historian.late_readings", [{**row, "key": row["meter"], **own} for row in rows])

    def bill(self, readings: list[Reading]) -> None:
        rows = [
            {"meter": meter, "ts": ts, "used": used, "readings": count}
            for (meter, ts), (used, count) in usage(readings).items()
        ]
        self.append("billing.usage", rows)

    def recompute(self) -> Any:
        (result,) = run.recompute(self.project, self.settings, [JOB])
        return result

    def billed(self) -> Usage:
        sql = "select meter, ts, sum(used), sum(readings) from billing.usage group by all having sum(readings) > 0"
        with warehouse.open(self.settings, ["billing.usage"]) as connection:
            found = warehouse.ask(connection, sql).fetchall()
        return {(meter, ts.astimezone(UTC)): (round(used, 3), int(count)) for meter, ts, used, count in found}

    @property
    def rows(self) -> int:
        return iceberg.row_count(self.catalog.load_table("billing.usage"))


def usage(readings: list[Reading]) -> Usage:
    """Return the usage and the number of readings by meter and hour."""
    hours: dict[tuple[str, datetime], list[float]] = defaultdict(list)
    before: dict[str, float] = {}
    for meter, ts, energy in sorted(readings, key=lambda each: each[1]):
        last = before.get(meter)
        used = 0.0 if last is None else energy - last if energy >= last else energy
        hours[meter, ts.replace(minute=0)].append(used)
        before[meter] = energy
    return {hour: (round(sum(used), 3), len(used)) for hour, used in hours.items()}


@pytest.fixture
def world(pytestconfig: pytest.Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    def rerun(*_: Any, readings: pa.Table, **_more: Any) -> list[dict[str, Any]]:
        given = [(row["meter"], row["ts"], row["energy"]) for row in readings.to_pylist()]
        return [
            {"meter": meter, "ts": ts, "used": used, "readings": count, "corrected_at": None}
            for (meter, ts), (used, count) in usage(given).items()
        ]

    monkeypatch.setattr(run, "rerun", rerun)
    monkeypatch.setattr(run._Work, "cluster", None)
    monkeypatch.setattr(run._Work, "_all_stored", lambda *_: True)
    return World(pytestconfig.rootpath, tmp_path)


def minute(n: int) -> datetime:
    return START + timedelta(minutes=n)


@pytest.mark.parametrize("seed", range(2))
def test_the_sum_of_bill_and_corrections_is_that_of_all_readings(world: World, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - reproducible, not secret
    on_time: list[Reading] = []
    late: list[Reading] = []
    for meter in "abc":
        energy = 100.0
        for n in range(0, HOURS * 60, 10):
            if meter == "b" and 130 <= n < 330 and n != 200:
                continue  # a gap, perhaps with a late reading in it
            energy = 0.5 if chance.random() < 0.02 else energy + chance.random()
            is_late = n < 360 and chance.random() < 0.15
            (late if is_late else on_time).append((meter, minute(n), round(energy, 3)))
    world.store(on_time)
    world.bill(on_time)
    world.store(late, late=True)
    result = world.recompute()
    assert result.recomputed
    assert world.billed() == usage([*on_time, *late])
    corrected = world.rows
    world.recompute()
    assert world.rows == corrected


def test_a_window_stays_on_the_list_until_a_reading_follows_it(world: World) -> None:
    on_time = [("a", minute(0), 1.0), ("b", minute(0), 1.0), ("b", minute(200), 2.0)]
    world.store(on_time)
    world.bill(on_time)
    late = [("a", minute(10), 5.0)]
    world.store(late, late=True)
    world.recompute()
    assert world.billed() == usage([*on_time, *late])
    # The job itself still counts from the last reading that was on time.
    following = [("a", minute(190), 6.0), ("b", minute(260), 3.0)]
    world.store(following)
    world.append("billing.usage", [{"meter": "a", "ts": minute(180), "used": 5.0, "readings": 1}])
    world.append("billing.usage", [{"meter": "b", "ts": minute(240), "used": 1.0, "readings": 1}])
    world.recompute()
    assert world.billed() == usage([*on_time, *late, *following])
    assert not world.recompute().recomputed
