"""The same jobs, unchanged, on each type of catalog, with data, checkpoints and savepoints on S3."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from headrace.environment import warehouse
from headrace.errors import UserError
from headrace.historian import Historian
from headrace.upkeep.checks import run_checks
from headrace.upkeep.maintain import maintain
from support.services.stack import KINDS, Stack
from support.worlds.live_plant import JOB, START_MS, Plant, reading, until

READINGS = 5_000
BROKEN = [b"not JSON", b"{}", b'{"tag":"a","ts":1,"value":"high","q":192}']


# Every test on the local platform uses SQLite's.
@pytest.fixture(params=[pytest.param(kind, marks=pytest.mark.proof if kind == "sqlite" else ()) for kind in KINDS])
def plant_on(request: pytest.FixtureRequest, stack: Stack, tmp_path: Path) -> Iterator[Plant]:
    with stack.plant(request.param, tmp_path) as plant:
        yield plant


def test_a_job_stores_each_record_once_on_every_type_of_catalog(plant_on: Plant) -> None:
    sent = plant_on.produce([*(reading(n) for n in range(READINGS)), *BROKEN])
    plant_on.finish(plant_on.submit(bounded=True, parallelism=2))
    account = plant_on.account()
    assert all(balance.holds for balance in account)
    assert sum(balance.good + balance.dead for balance in account) == sent
    [(count, total)] = plant_on.query("select count(*), sum(value) from historian.readings")
    assert (count, total) == (READINGS, pytest.approx(sum(n % 1000 / 10 for n in range(READINGS))))
    assert plant_on.query("select count(*) from historian.dead_letters") == [(len(BROKEN),)]
    assert all(result.holds for result in run_checks.run(plant_on.project, plant_on.settings, [JOB]))
    for _ in range(2):
        assert counts_of_an_hour(plant_on) == ([3_600.0], [(3_600.0,)])
        (upkeep,) = maintain(plant_on.project, plant_on.settings, ["historian.readings"])
    assert upkeep.files_before == 1
    assert all(balance.holds for balance in plant_on.account())


def counts_of_an_hour(plant: Plant) -> tuple[list[float], list[tuple[float]]]:
    """Return the count of the readings by the historian, and by its macro."""
    start = datetime.fromtimestamp(START_MS / 1000, UTC)
    end, tag = start + timedelta(hours=1), "R80711.wind_speed"
    counted = Historian.open(plant.settings).aggregate(tag, start, end, None, "Count")["value"].to_pylist()
    return counted, plant.query(f"select value from good_count(['{tag}'], '{start}', '{end}')")


@pytest.mark.parametrize("plant_on", ["postgres"], indirect=True)
def test_a_job_continues_from_a_savepoint_on_s3(plant_on: Plant) -> None:
    plant_on.produce(reading(n) for n in range(READINGS))
    job = plant_on.submit()
    plant_on.follow()
    path = f"/jobs/{job.id}/checkpoints"
    until(lambda: plant_on.cluster.get(path)["latest"]["completed"] is not None, 60)
    assert plant_on.cluster.get(path)["latest"]["completed"]["external_path"].startswith("s3://")
    savepoint = plant_on.cluster.stop(job.id)
    assert savepoint.startswith("s3://")
    plant_on.produce(reading(n) for n in range(READINGS, 2 * READINGS))
    plant_on.submit(restore=savepoint)
    assert all(balance.holds for balance in plant_on.follow())


@pytest.mark.parametrize("plant_on", ["postgres"], indirect=True)
def test_a_query_reaches_no_object_outside_the_tables_and_sees_no_key(plant_on: Plant, stack: Stack) -> None:
    with warehouse.open(plant_on.settings) as connection:
        with pytest.raises(UserError, match="disabled by configuration"):
            warehouse.ask(connection, "from read_text('s3://plant/checkpoints/x')")
        shown = str(warehouse.ask(connection, "from duckdb_secrets()").fetchall())
        assert stack.secrets.value("s3_secret_key") not in shown
        with pytest.raises(UserError, match="unredacted secrets is disabled"):
            warehouse.ask(connection, "from duckdb_secrets(redact = false)")
