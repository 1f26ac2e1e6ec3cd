"""A job that writes readings to a topic in Avro, with headers, and the newest of each class to one in Protobuf."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

JOB = "alerts/encoded_v1"
ALERTS, NEWEST = "encoded_alerts", "encoded_newest"
_JOB = """\
kind: job
name: alerts/encoded_v1
owner: tests
description: Alerts with a schema.
grain: one row per reading
reads: [source/plant_readings]
writes: {topic/encoded_alerts: append, topic/encoded_newest: upsert}
"""
_ALERTS = """\
select
    tag,
    ts,
    `value`,
    cast(-`value` as decimal(9, 2)) as amount,
    case when `value` > 10 then cast(ts as date) end as on_day,
    `value` > 10 as high,
    case when `value` > 10 then cast(-`value` as bigint) end as code,
    cast(-`value` as int) as small,
    cast(`value` as float) as rough,
    tag || ' °C, größer' as label,
    case when `value` > 10 then ts end as since,
    case when `value` > 10 then cast(tag as bytes) end as part,
    x'00ff7f' as packed,
    cast(timestamp '2024-02-29 23:59:59.999999' as timestamp_ltz(6)) as leap,
    date '1969-12-31' as old_day,
    -9223372036854775807 as least,
    cast(null as boolean) as nothing,
    'Nördlich' as site,
    cast('east' as varchar(40)) as wing,
    17 as `line`,
    quality
from {{ source('plant_readings') }}
"""
_NEWEST = """\
select
    'class ' || cast(cast(`value` as int) as string) as class,
    count(*) as readings,
    cast(min(-`value`) as float) as lowest,
    case when max(`value`) < 10 then max(ts) end as newest,
    case when max(`value`) < 10 then 'größer' end as label,
    cast('südlich' as bytes) as packed,
    true as live,
    'Nördlich' as site
from {{ source('plant_readings') }}
group by cast(`value` as int)
having max(`value`) < 20 or count(*) < 30
"""
_ALERTS_TOPIC = """\
description: Alerts.
topic: {topic}.alerts
format: avro
key: [tag, ts]
headers: [site, wing, line, quality]
columns:
  tag: {{type: string, required: true, doc: "Measured point"}}
  ts: {{type: timestamptz, required: true, doc: "When", unit: UTC}}
  value: {{type: double, doc: "Measured value", unit: degC}}
  amount: {{type: "decimal(9, 2)", doc: "The same below zero", unit: degC}}
  on_day: {{type: date, doc: "Its day"}}
  high: {{type: boolean, doc: "Whether it is high"}}
  code: {{type: long, doc: "A negative number, or nothing", unit: "1"}}
  small: {{type: int, required: true, doc: "A negative number", unit: "1"}}
  rough: {{type: float, doc: "The value again", unit: degC}}
  label: {{type: string, doc: "A text beyond ASCII"}}
  since: {{type: timestamptz, doc: "A time, or nothing", unit: UTC}}
  part: {{type: binary, doc: "Bytes, or nothing"}}
  packed: {{type: binary, required: true, doc: "Bytes"}}
  leap: {{type: timestamptz, required: true, doc: "A time with microseconds", unit: UTC}}
  old_day: {{type: date, required: true, doc: "A day before 1970"}}
  least: {{type: long, required: true, doc: "A long", unit: "1"}}
  nothing: {{type: boolean, doc: "Nothing"}}
  left_out: {{type: string, doc: "A column that is not selected"}}
  site: {{type: string, doc: "Where"}}
  wing: {{type: string, doc: "Where"}}
  line: {{type: int, doc: "Which line", unit: "1"}}
  quality: {{type: long, doc: "OPC UA StatusCode"}}
"""
_NEWEST_TOPIC = """\
description: The newest reading of each class of values.
topic: {topic}.newest
format: protobuf
schema: newest.proto
message: Newest
key: [class]
headers: [site]
columns:
  class: {{type: string, required: true, doc: "Class"}}
  readings: {{type: long, required: true, doc: "How many", unit: "1"}}
  lowest: {{type: float, doc: "Lowest value", unit: degC}}
  newest: {{type: timestamptz, doc: "When", unit: UTC}}
  label: {{type: string, doc: "A text beyond ASCII, or nothing"}}
  packed: {{type: binary, required: true, doc: "Bytes"}}
  live: {{type: boolean, required: true, doc: "Always true"}}
  left_out: {{type: int, doc: "A column that is not selected", unit: "1"}}
  site: {{type: string, doc: "Where"}}
"""
PROTO = """\
syntax = "proto3";
package alerts;
import "google/protobuf/timestamp.proto";
message Other { string note = 1; }
message Newest {
  string class = 1;
  sint64 readings = 2;
  optional double lowest = 4;
  google.protobuf.Timestamp newest = 5;
  optional string label = 6;
  bytes packed = 7;
  bool live = 8;
  optional int32 left_out = 9;
}
"""


def write(sql: Path, topic: str) -> None:
    """Write the job and its topics, whose names begin with `topic`, into the folder `sql` of a project."""
    folder = sql / JOB
    folder.mkdir(parents=True)
    (folder / "job.yaml").write_text(_JOB)
    (folder / f"topic.{ALERTS}.sql.j2").write_text(_ALERTS)
    (folder / f"topic.{NEWEST}.sql.j2").write_text(_NEWEST)
    (sql / "_topics" / f"{ALERTS}.yaml").write_text(_ALERTS_TOPIC.format(topic=topic))
    (sql / "_topics" / f"{NEWEST}.yaml").write_text(_NEWEST_TOPIC.format(topic=topic))
    (sql / "_topics" / "newest.proto").write_text(PROTO)


def alert(tag: str, at: datetime, value: float) -> dict[str, Any]:
    """Return the row that consumers get of a reading."""
    high = value > 10
    return {
        "tag": tag,
        "ts": at,
        "value": value,
        "amount": Decimal(str(-value)).quantize(Decimal("0.01")),
        "on_day": at.date() if high else None,
        "high": high,
        "code": -int(value) if high else None,
        "small": -int(value),
        "rough": value,
        "label": f"{tag} °C, größer",
        "since": at if high else None,
        "part": tag.encode() if high else None,
        "packed": b"\x00\xff\x7f",
        "leap": datetime(2024, 2, 29, 23, 59, 59, 999_999, tzinfo=UTC),
        "old_day": date(1969, 12, 31),
        "least": -(2**63) + 1,
        "nothing": None,
        "left_out": None,
    }


def newest(values: list[tuple[datetime, float]]) -> dict[str, dict[str, Any] | None]:
    """Return the row of each class of readings that consumers have at the end; None where a row was deleted."""
    classes: dict[int, list[tuple[datetime, float]]] = {}
    for at, value in values:
        classes.setdefault(int(value), []).append((at, value))
    rows: dict[str, dict[str, Any] | None] = {}
    for each, members in classes.items():
        low = max(value for _, value in members) < 10
        row = {
            "class": f"class {each}",
            "readings": len(members),
            "lowest": min(-value for _, value in members),
            "newest": max(at for at, _ in members) if low else None,
            "label": "größer" if low else None,
            "packed": "südlich".encode(),
            "live": True,
            "left_out": None,
        }
        rows[f"class {each}"] = row if each < 20 or len(members) < 30 else None
    return rows
