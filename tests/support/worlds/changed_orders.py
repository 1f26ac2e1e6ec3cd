"""A job that upserts tables and topics with rows that change, go and come back, and what each of them must hold."""

from __future__ import annotations

import json
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

JOB = "changed/orders_v1"
Event = Mapping[str, Any]
Rows = dict[tuple[str, str], int | None]
"""The rows of a sink: id and place, and the amount."""
_START_MS = 1_700_000_000_000

_CONTRACT = """\
description: Changes of orders.
topic: {topic}
format: json
fields:
  id: {{type: string, required: true}}
  op: {{type: string, required: true}}
  place: {{type: string, required: true}}
  amount: {{type: long, required: true, unit: "1"}}
  nr: {{type: long, required: true, unit: "1"}}
time: {{path: ts, unit: epoch_ms, earliest: 2000-01-01T00:00:00Z, latest: 10m}}
key: id
"""
_COLUMNS = """\
columns:
  id: {type: string, required: true, doc: "Order"}
  place: {type: string, required: true, doc: "Where it is"}
  amount: {type: long, doc: "How much", unit: "1"}
"""
_JOB = """\
kind: job
name: changed/orders_v1
owner: tests
description: Orders as they are now.
grain: one row per order
reads: [source/orders]
writes:
"""
_VIEWS = {
    "newest": """\
select id, op, place, amount
from (select *, row_number() over (partition by id order by nr desc) as nth from {{ source('orders') }})
where nth = 1
""",
    "newest_by_time": """\
select id, op, place, amount
from (select *, row_number() over (partition by id order by ts desc, nr desc) as nth from {{ source('orders') }})
where nth = 1
""",
    "most": "select id, max(amount) as most from {{ source('orders') }} group by id\n",
}


def _newest(events: list[Event]) -> list[Event]:
    return list({each["id"]: each for each in events}.values())


def _newest_by_time(events: list[Event]) -> list[Event]:
    return _newest(sorted(events, key=lambda each: (each["ts"], each["nr"])))


def _most(events: list[Event]) -> dict[str, int]:
    most: dict[str, int] = {}
    for each in events:
        most[each["id"]] = max(most.get(each["id"], 0), each["amount"])
    return most


def _rows(events: list[Event]) -> Rows:
    return {(each["id"], each["place"]): each["amount"] for each in events}


def _rare(events: list[Event]) -> Rows:
    return {(place, place): n for place, n in Counter(each["place"] for each in events).items() if n < 40}


def _large(events: list[Event]) -> Rows:
    sums: dict[str, int] = defaultdict(int)
    for each in _newest(events):
        if each["op"] != "d":
            sums[each["place"]] += each["amount"]
    return {(place, place): total for place, total in sums.items() if total > 10}


@dataclass(frozen=True)
class Shape:
    """A SELECT, the key of its sinks, and the rows that they hold after some events."""

    sql: str
    rows: Callable[[list[Event]], Rows]
    key: tuple[str, ...] = ("id",)


SHAPES = {
    "filtered": Shape(
        "select id, place, amount from {{ view('newest') }} where op <> 'd'",
        lambda events: _rows([each for each in _newest(events) if each["op"] != "d"]),
    ),
    "filtered_by_time": Shape(
        "select id, place, amount from {{ view('newest_by_time') }} where op <> 'd'",
        lambda events: _rows([each for each in _newest_by_time(events) if each["op"] != "d"]),
    ),
    "rare": Shape(
        "select place as id, place, count(*) as amount from {{ source('orders') }} group by place having count(*) < 40",
        _rare,
    ),
    "large": Shape(
        """\
select place as id, place, sum(amount) as amount
from {{ view('newest') }} where op <> 'd' group by place having sum(amount) > 10""",
        _large,
    ),
    "joined": Shape(
        """\
select newest.id, newest.place, newest.amount
from {{ view('newest') }} as newest inner join {{ view('most') }} as most on newest.id = most.id
where newest.amount * 2 > most.most""",
        lambda events: _rows([each for each in _newest(events) if each["amount"] * 2 > _most(events)[each["id"]]]),
    ),
    "outer_joined": Shape(
        """\
select newest.id, newest.place, most.most as amount
from {{ view('newest') }} as newest
left join (select * from {{ view('most') }} where most < 8) as most on newest.id = most.id
where newest.op <> 'd'""",
        lambda events: {
            (each["id"], each["place"]): most if (most := _most(events)[each["id"]]) < 8 else None
            for each in _newest(events)
            if each["op"] != "d"
        },
    ),
    "full_joined": Shape(
        """\
select coalesce(newest.id, most.id) as id, coalesce(newest.place, '') as place, newest.amount
from {{ view('newest') }} as newest full join {{ view('most') }} as most on newest.id = most.id
where newest.amount is distinct from most.most""",
        lambda events: _rows([each for each in _newest(events) if each["amount"] != _most(events)[each["id"]]]),
    ),
    "united": Shape(
        """\
select id, place, amount from {{ view('newest') }} where place = 'x'
union all
select id, place, amount from {{ view('newest') }} where place = 'y'""",
        lambda events: _rows([each for each in _newest(events) if each["place"] in "xy"]),
    ),
    "moved": Shape(
        "select id, place, amount from {{ view('newest') }}",
        lambda events: _rows(_newest(events)),
        key=("id", "place"),
    ),
    "replaced": Shape(
        "select id, place, amount from {{ view('newest_by_time') }}",
        lambda events: _rows(_newest_by_time(events)),
    ),
}


KEPT = {name: SHAPES[name] for name in ("filtered", "large", "joined", "moved")}
"""Shapes for whose tables Flink keeps the row of each key, so that a row that goes is deleted."""


LABELLED = "changed_labelled"
"""A topic with constants of several types in keys, values and headers, and the rows of `filtered`."""
_LABELLED_SQL = """\
select
    id,
    'Werk Süd 1' as area,
    timestamp '2024-02-29 12:00:00' as since,
    amount,
    'placed' as state,
    cast('ok' as varchar(20)) as note,
    x'00ff7f' as packed,
    'north' as site,
    cast('Größe' as varchar(20)) as label,
    cast('ab' as char(5)) as padded,
    17 as `number`,
    true as live,
    1.50 as price,
    cast(null as string) as nothing,
    place
from {{ view('newest') }}
where op <> 'd'
"""
_LABELLED_TOPIC = """\
description: Orders.
topic: {topic}.labelled
key: [id, area, since]
headers: [site, label, padded, number, live, price, nothing, place]
columns:
  id: {{type: string, required: true, doc: "Order"}}
  area: {{type: string, required: true, doc: "Where"}}
  since: {{type: timestamptz, required: true, doc: "When", unit: UTC}}
  amount: {{type: long, doc: "How much", unit: "1"}}
  state: {{type: string, doc: "A constant"}}
  note: {{type: string, doc: "A constant"}}
  packed: {{type: binary, doc: "A constant"}}
  site: {{type: string, doc: "A constant"}}
  label: {{type: string, doc: "A constant"}}
  padded: {{type: string, doc: "A constant"}}
  number: {{type: int, doc: "A constant", unit: "1"}}
  live: {{type: boolean, doc: "A constant"}}
  price: {{type: "decimal(9, 2)", doc: "A constant", unit: EUR}}
  nothing: {{type: string, doc: "Nothing"}}
  place: {{type: string, required: true, doc: "Where it is"}}
"""
LABELS = {
    "site": b"north",
    "label": "Größe".encode(),
    "padded": b"ab   ",
    "number": b"17",
    "live": b"TRUE",
    "price": b"1.50",
}
"""The headers of each message of LABELLED, besides `place`."""
_PROTO = """\
syntax = "proto3";
message Order { string id = 1; string place = 2; optional int64 amount = 3; }
"""
AMOUNT_IN_HEADER = "headers: [amount]\n"
IN_AVRO = "format: avro\n"
IN_PROTOBUF = "format: protobuf\nschema: order.proto\nmessage: Order\n"


def write(sql: Path, topic: str, shapes: Mapping[str, Shape] = SHAPES, more: Mapping[str, str] | None = None) -> None:
    """Write the job, its contract for the `topic`, and its tables and topics into the folder `sql` of a project.

    more: lines of the topics' files, by shape.
    """
    folder = sql / JOB
    folder.mkdir(parents=True)
    (sql / "_sources" / "orders.yaml").write_text(_CONTRACT.format(topic=topic))
    for name, text in _VIEWS.items():
        (folder / f"_{name}.sql.j2").write_text(text)
    writes = ""
    for name, shape in shapes.items():
        writes += f"  table/changed.{name}: upsert\n  topic/changed_{name}: upsert\n"
        (folder / f"changed.{name}.sql.j2").write_text(shape.sql)
        (folder / f"topic.changed_{name}.sql.j2").write_text(shape.sql)
        described = f"description: Orders.\nowner: tests\nkey: [{', '.join(shape.key)}]\n{_COLUMNS}"
        (sql / "_tables" / f"changed.{name}.yaml").write_text(f"{described}grain: one row per order\n")
        (sql / "_topics" / f"changed_{name}.yaml").write_text(
            f"{described}topic: {topic}.{name}\n{(more or {}).get(name, '')}"
        )
    (sql / "_topics" / "order.proto").write_text(_PROTO)
    (folder / f"topic.{LABELLED}.sql.j2").write_text(_LABELLED_SQL)
    (sql / "_topics" / f"{LABELLED}.yaml").write_text(_LABELLED_TOPIC.format(topic=topic))
    (folder / "job.yaml").write_text(f"{_JOB}{writes}  topic/{LABELLED}: upsert\n")


def events(seed: int, number: int = 120) -> list[Event]:
    """Return random changes of a few orders, in their order."""
    chance = random.Random(seed)  # noqa: S311 - reproducible, not secret
    return [
        {
            "id": chance.choice("abcdef"),
            "op": chance.choice("cuud"),
            "place": chance.choice("xyz"),
            "amount": chance.randrange(10),
            "nr": nr,
            "ts": _START_MS + chance.randrange(1 + nr // 3) * 1000,
        }
        for nr in range(number)
    ]


def messages(changes: list[Event]) -> list[bytes]:
    """Return the changes as the topic has them."""
    return [json.dumps(each).encode() for each in changes]


def held(shape: Shape, rows: list[dict[str, Any]]) -> Rows:
    """Return the rows of a sink; fail if it has two rows of one key."""
    keys = [tuple(row[name] for name in shape.key) for row in rows]
    assert len(keys) == len(set(keys)), f"two rows of one key: {rows}"
    return {(row["id"], row["place"]): row["amount"] for row in rows}
