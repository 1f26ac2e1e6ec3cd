"""The plant of tests/support/worlds/live_plant.py with a gateway that writes Avro."""

from __future__ import annotations

from support.services.registry import framed
from support.worlds.live_plant import START_MS, Plant

READING = {
    "type": "record",
    "name": "Reading",
    "namespace": "plant",
    "fields": [
        {"name": "tag", "type": "string"},
        {"name": "ts", "type": {"type": "long", "logicalType": "timestamp-millis"}},
        {"name": "value", "type": ["null", "float"]},
        {"name": "q", "type": "int"},
    ],
}


def in_avro(plant: Plant) -> Plant:
    """The plant, its contract changed."""
    contract = plant.project.sql / "_sources" / "plant_readings.yaml"
    contract.write_text(contract.read_text().replace("format: json", "format: avro"))
    return plant


def reading(number: int, n: int) -> bytes:
    """The nth good message of the gateway, one per second; the registry has READING as `number`."""
    reading = {"tag": "R80711.wind_speed", "ts": START_MS + n * 1000, "value": n % 100 / 4, "q": 192}
    return framed(number, READING, reading)
