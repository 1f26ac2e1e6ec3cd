"""Golden messages of InfluxDB line protocol: written by influxdb-client, read by line-protocol-parser.

uv run --no-project --with influxdb-client==1.50.0 --with line-protocol-parser==2.0.1 \
    tests/payloads/make/influx.py
"""

from __future__ import annotations

from typing import Any

from influxdb_client import Point, WritePrecision
from line_protocol_parser import parse_line
from lines import body, ts, write

NS = 1_764_000_000_123_456_789
POINTS: dict[str, list[Point]] = {
    "one field": [Point("pump").tag("host", "edge1").field("pressure", 2.5)],
    "whole numbers, words and truth values": [
        Point("pump").tag("host", "edge1").field("rpm", -1450).field("running", True).field("mode", "hand"),
    ],
    "escapes": [
        Point("water pump,a").tag("site name", "Köln, Süd=1").field("flow rate", 1.5).field("note", 'a "b", \\ c=d'),
    ],
    "two lines": [
        Point("tank").tag("tank", "t1").field("level", 0.1),
        Point("tank").tag("tank", "t2").field("level", 1e300),
    ],
    "no tags": [Point("boiler").field("temperature", -0.0)],
}


def readings(line: str) -> list[dict[str, Any]]:
    """Return a reading per field: the values of its tags by name, the measurement and the field, joined by slashes."""
    parsed = parse_line(line)
    prefix = [*(parsed["tags"][key] for key in sorted(parsed["tags"])), parsed["measurement"]]
    at = ts(parsed["time"] // 1000 / 1000)
    return [{"tag": "/".join([*prefix, name]), "ts": at, "value": v} for name, v in parsed["fields"].items()]


def messages() -> list[dict[str, Any]]:
    """Return one message per entry of POINTS."""
    made = []
    for name, points in POINTS.items():
        lines = [point.time(NS, WritePrecision.NS).to_line_protocol() for point in points]
        made.append(
            {
                "name": name,
                "value": body("\n".join(lines)),
                "readings": [r for line in lines for r in readings(line)],
                "refused": [],
            }
        )
    return made


if __name__ == "__main__":
    write("influx", "influxdb-client 1.50.0, line-protocol-parser 2.0.1", messages())
