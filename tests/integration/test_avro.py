"""A job that reads Avro with its schemas in a real registry: nothing is lost, whatever the registry does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from headrace.errors import UserError
from support.services.registry import Registry, framed
from support.services.stack import Stack
from support.worlds.avro_plant import READING, in_avro, reading
from support.worlds.live_plant import JOB, START_MS, Plant, until

ENOUGH = 500
SECOND = {
    **READING,
    "fields": [
        {"name": "site", "type": {"type": "enum", "name": "Site", "symbols": ["NORTH", "SOUTH"]}},
        {"name": "tag", "type": "string"},
        {"name": "ts", "type": {"type": "long", "logicalType": "timestamp-micros"}},
        {"name": "value", "type": ["null", {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}]},
        {"name": "q", "type": "int"},
    ],
}
OTHER = {"type": "record", "name": "Door", "fields": [{"name": "open", "type": "boolean"}]}


@pytest.fixture
def plant_on(stack: Stack, registry: Registry, tmp_path: Path) -> Iterator[Plant]:
    with stack.plant("sqlite", tmp_path, registry=registry.settings()) as plant:
        yield in_avro(plant)


def second(number: int, n: int) -> bytes:
    cents = (n % 100 * 25).to_bytes(2, "big")
    micros = (START_MS + n * 1000) * 1000
    return framed(number, SECOND, {"site": "NORTH", "tag": "R80711.wind_speed", "ts": micros, "value": cents, "q": 192})


def last_failure(plant: Plant) -> str:
    running = plant.cluster.running(JOB)
    assert running
    return plant.cluster.last_failure(running.id) or ""


def dead(plant: Plant) -> dict[str, int]:
    return dict(plant.query("select code, count(*) from historian.dead_letters group by code"))


def test_every_record_is_stored_or_a_dead_letter_once_the_password_is_right(
    stack: Stack, registry: Registry, tmp_path: Path
) -> None:
    password = tmp_path / "password"
    password.write_text("marked otherwise")
    settings = registry.settings(password=f"${{file:{password}}}")
    with stack.plant("sqlite", tmp_path / "plant", registry=settings) as world:
        plant = in_avro(world)
        plant.produce(_messages(registry))
        plant.submit()
        until(lambda: f"answered 401 to user plant with password ${{file:{password}}}" in last_failure(plant), 120)
        assert "marked otherwise" not in last_failure(plant)
        assert dead(plant) == {}
        password.write_text(stack.secrets.value("registry_password"))
        assert all(balance.holds for balance in plant.follow())
        rows = plant.query(
            "select count(*), count(distinct ts), sum(value), min(ts) = make_timestamp("
            f"{START_MS * 1000}) from historian.readings"
        )
        assert rows == [(2 * ENOUGH, ENOUGH, 2 * sum(n % 100 / 4 for n in range(ENOUGH)), True)]
        codes = {"no_schema_id": 1, "unknown_schema": 2, "schema_unfit": 1, "not_avro": 2, "null_payload": 1}
        assert dead(plant) == codes


def _messages(registry: Registry) -> list[bytes | None]:
    """Good messages of two schemas of one subject, and a bad one of each kind between them."""
    one, two = registry.register("readings", READING), registry.register("readings", SECOND)
    other = registry.register("doors", OTHER)
    assert one != two
    bad = [
        b'{"tag":"R80711.wind_speed"}',
        reading(999_999, 0),
        reading(2**32 - 1, 0),
        framed(other, OTHER, {"open": True}),
        reading(one, 0)[:-3],
        reading(one, 0) + b"\0",
        None,
    ]
    return [*(reading(one, n) for n in range(ENOUGH)), *bad, *(second(two, n) for n in range(ENOUGH))]


@pytest.mark.proof
def test_a_registry_that_stops_and_starts_again_loses_nothing(plant_on: Plant, registry: Registry) -> None:
    one, two = registry.register("readings", READING), registry.register("readings", SECOND)
    plant_on.produce(reading(one, n) for n in range(ENOUGH))
    plant_on.submit()
    plant_on.follow()
    registry.stop()
    try:
        plant_on.produce(second(two, n) for n in range(ENOUGH))
        until(lambda: "the schema registry at https://" in last_failure(plant_on), 120, lambda: last_failure(plant_on))
        assert "answered 502" in last_failure(plant_on)
        plant_on.produce(reading(one, n) for n in range(ENOUGH))
        assert dead(plant_on) == {}
    finally:
        registry.start()
    account = plant_on.follow()
    assert all(balance.holds for balance in account)
    assert sum(balance.good for balance in account) == 3 * ENOUGH


def test_a_job_without_a_registry_is_refused(stack: Stack, tmp_path: Path) -> None:
    with stack.plant("sqlite", tmp_path) as world:
        plant = in_avro(world)
        with pytest.raises(UserError, match=r"plant_readings\.yaml: its messages name schemas .* environment has none"):
            plant.submit()
        assert plant.cluster.running(JOB) is None
