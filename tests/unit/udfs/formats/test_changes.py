"""Change streams: what each kind of message of Debezium, Maxwell and plain rows becomes."""

from __future__ import annotations

import copy
import json
from io import BytesIO
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from fastavro import parse_schema, schemaless_writer
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from headrace_udfs import source_order
from headrace_udfs.contract import Contract
from headrace_udfs.decode import Decoder
from headrace_udfs.messages import Messages
from headrace_udfs.schemas import GivenSchemas

TS = 1_700_000_000_000
ORDERS: dict[str, Any] = {
    "description": "d",
    "topic": "t",
    "changes": {"envelope": "debezium", "order": "source.lsn"},
    "fields": {
        "plant": {"type": "string", "required": True},
        "order_nr": {"type": "long", "required": True},
        "machine": {"type": "string", "required": True},
        "quantity": {"type": "double", "range": [0, None]},
        "database": {"path": "^.source.db", "type": "string"},
    },
    "time": {"path": "ts_ms", "unit": "epoch_ms"},
    "key": ["plant", "order_nr"],
}
ROW = {"plant": "north", "order_nr": 7, "machine": "m1", "quantity": 2}


def decoded(contract: dict[str, Any], *messages: Any, **more: Any) -> tuple[list[dict[str, Any]], dict[int, str]]:
    values = [
        None if each is None else each if isinstance(each, bytes) else json.dumps(each).encode() for each in messages
    ]
    found = Decoder(Contract.model_validate(contract)).decode(Messages(values, topics="t", **more))
    rows = pa.table(dict(found.columns)).to_pylist()
    return rows, {i: str(fault.code) for i, fault in found.faults.items()}


def change(op: str, before: Any = None, after: Any = None, lsn: Any = 1) -> dict[str, Any]:
    return {"op": op, "before": before, "after": after, "ts_ms": TS, "source": {"lsn": lsn, "db": "erp"}}


@pytest.mark.parametrize(("op", "what"), [("c", "insert"), ("u", "update"), ("r", "read")])
def test_a_change_is_the_row_after_it(op: str, what: str) -> None:
    wrapped = {"schema": {"type": "struct"}, "payload": change(op, None, ROW)}
    for message in (change(op, {**ROW, "machine": "before"}, ROW), wrapped):
        (row,), faults = decoded(ORDERS, message)
        assert not faults
        assert {name: row[name] for name in ROW} == ROW
        assert (row["src_op"], row["database"]) == (what, "erp")


def test_a_deletion_is_the_key_whatever_else_the_database_sends_of_the_row() -> None:
    for more in ({}, {"machine": None, "quantity": "?"}, {"machine": "m1", "quantity": -1}):
        (row,), faults = decoded(ORDERS, change("d", {"plant": "north", "order_nr": 7, **more}))
        assert not faults
        assert (row["plant"], row["order_nr"], row["src_op"]) == ("north", 7, "delete")
        assert row["machine"] is None
        assert row["quantity"] is None


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (None, "tombstone"),
        (change("t"), "table_truncated"),
        (change("m"), "unknown_change"),
        ({"plant": "north"}, "unknown_change"),
        (change("u"), "missing_field"),
        (change("d"), "missing_field"),
        (change("d", {"plant": "north"}), "missing_field"),
        (change("u", after={**ROW, "machine": None}), "null_field"),
        (change("u", after={**ROW, "quantity": -1}), "out_of_range"),
        (change("u", after={**ROW, "machine": "__debezium_unavailable_value"}), "value_unavailable"),
        (change("u", after=ROW, lsn=None), "missing_field"),
        (change("u", after=ROW, lsn={"a": 1}), "wrong_type"),
        (change("u", after=[ROW]), "wrong_type"),
        ([change("u", after=ROW)], "not_an_object"),
        (b"", "empty_payload"),
        (b'{"op": "u", "op": "d"}', "duplicate_key"),
        (b'{"op": "u", "after"', "not_json"),
    ],
)
def test_a_message_without_a_row_says_why_and_costs_no_other(message: Any, code: str) -> None:
    good = change("c", after=ROW)
    rows, faults = decoded(ORDERS, good, message, good)
    assert faults == {1: code}
    assert rows[0] == rows[2]


def test_changes_of_maxwell() -> None:
    contract = {
        **ORDERS,
        "changes": {"envelope": "maxwell", "order": ["xid", "xoffset"]},
        "time": {"path": "ts", "unit": "epoch_s"},
        "fields": {**ORDERS["fields"], "database": {"path": "^.database", "type": "string"}},
    }
    base = {"database": "erp", "ts": TS // 1000, "xid": 9}
    rows, faults = decoded(
        contract,
        {**base, "type": "insert", "data": ROW},
        {**base, "type": "update", "xoffset": 1, "data": ROW, "old": {"machine": "m0"}},
        {**base, "type": "delete", "xid": 10, "data": ROW},
        {**base, "type": "bootstrap-start", "data": {}},
        {**base, "type": "bootstrap-insert", "data": ROW},
        {**base, "type": "table-alter", "data": ROW},
    )
    assert faults == {3: "bootstrap_mark", 5: "unknown_change"}
    assert [row["src_op"] for row in rows] == ["insert", "update", "delete", None, "read", None]
    assert rows[0]["src_order"] < rows[1]["src_order"] < rows[2]["src_order"]
    assert rows[2]["machine"] is None


ROWS: dict[str, Any] = {
    **ORDERS,
    "changes": {"envelope": "rows"},
    "fields": {
        "account": {"from": "key", "path": "id", "type": "long", "required": True},
        "name": {"type": "string"},
    },
    "time": {"path": "changed", "unit": "epoch_ms"},
    "key": "account",
}


def test_a_message_without_a_value_deletes_the_row_of_its_key() -> None:
    values = {"keys": [b'{"id": 1}', b'{"id": 1}', b"{}"], "times": np.array([TS, TS + 1, TS + 2])}
    rows, faults = decoded(ROWS, {"name": "a", "changed": TS}, None, None, **values)
    assert faults == {2: "missing_field"}
    assert [(row["account"], row["src_op"]) for row in rows[:2]] == [(1, "upsert"), (1, "delete")]
    assert (rows[1]["ts"] - rows[0]["ts"]).total_seconds() == 0.001


def test_a_row_that_is_marked_as_deleted_is_deleted() -> None:
    contract = {
        **ROWS,
        "changes": {"envelope": "rows", "order": "nr", "deleted": {"path": "gone", "values": ["X", True]}},
    }
    contract["fields"] = {**ROWS["fields"], "account": {"type": "long", "required": True}}
    row = {"account": 1, "name": "a", "changed": TS, "nr": 1}
    rows, faults = decoded(contract, row, {**row, "gone": "X"}, {**row, "gone": True}, {**row, "gone": ""}, None)
    assert faults == {4: "tombstone"}
    assert [each["src_op"] for each in rows[:4]] == ["upsert", "delete", "delete", "upsert"]


VALUE = {
    "type": "record",
    "name": "Value",
    "fields": [
        {"name": "plant", "type": "string"},
        {"name": "order_nr", "type": "long"},
        {"name": "machine", "type": ["null", "string"], "default": None},
        {"name": "quantity", "type": ["null", "double"], "default": None},
        {"name": "not_read", "type": ["null", "bytes"], "default": None},
    ],
}
SOURCE = {
    "type": "record",
    "name": "Source",
    "fields": [{"name": "db", "type": "string"}, {"name": "lsn", "type": ["null", "long"], "default": None}],
}
ENVELOPE = {
    "type": "record",
    "name": "Envelope",
    "namespace": "erp.public.orders",
    "fields": [
        {"name": "before", "type": ["null", VALUE], "default": None},
        {"name": "after", "type": ["null", "Value"], "default": None},
        {"name": "source", "type": SOURCE},
        {"name": "op", "type": "string"},
        {"name": "ts_ms", "type": ["null", "long"], "default": None},
    ],
}


def test_changes_in_avro_with_a_registry() -> None:
    contract = Contract.model_validate({**ORDERS, "format": "avro"})
    schema = parse_schema(copy.deepcopy(ENVELOPE))
    row = {**ROW, "not_read": b"x"}
    values: list[bytes | None] = []
    for message in (change("c", after=row, lsn=9), change("d", {**row, "machine": None}, lsn=10), change("t")):
        stream = BytesIO()
        stream.write(b"\0" + (7).to_bytes(4, "big"))
        schemaless_writer(stream, schema, message)
        values.append(stream.getvalue())
    decoder = Decoder(contract, schemas=GivenSchemas({7: json.dumps(ENVELOPE)}))
    found = decoder.decode(Messages([*values, None, b"\0\0\0\0\x08"], topics="t"))
    rows = pa.table(dict(found.columns)).to_pylist()
    assert {i: str(fault.code) for i, fault in found.faults.items()} == {
        2: "table_truncated",
        3: "tombstone",
        4: "unknown_schema",
    }
    assert [(each["order_nr"], each["machine"], each["database"], each["src_op"]) for each in rows[:2]] == [
        (7, "m1", "erp", "insert"),
        (7, None, "erp", "delete"),
    ]
    assert rows[0]["src_order"] < rows[1]["src_order"]


@pytest.mark.parametrize(
    "positions",
    [
        [0, 9, 10, 23119, 2**64 - 1],
        ["mysql-bin.000999", "mysql-bin.001000", "mysql-bin.999999", "mysql-bin.1000000"],
        ["00000027:00000758:0005", "00000027:0000075a:0001", "00000027:00000760:0001", "0000002a:00000001:0001"],
        ['["24023119","24023128"]', '["24023128","24023130"]', '["124023128","1"]'],
        ["master.006:800050", "master.007:4"],
    ],
)
def test_positions_sort_as_in_the_log(positions: list[Any]) -> None:
    texts = source_order.texts([pa.array(map(str, positions))]).to_pylist()
    assert texts == sorted(texts)
    assert len(set(texts)) == len(texts)


@given(st.lists(st.tuples(st.integers(0, 2**64), st.one_of(st.none(), st.integers(0, 2**32))), max_size=20))
def test_numbers_sort_by_their_parts_and_nulls_come_first(pairs: list[tuple[int, int | None]]) -> None:
    parts = [
        pa.array([None if each is None else str(each) for each in part], pa.string())
        for part in zip(*pairs, strict=True)
    ]
    texts = source_order.texts(parts).to_pylist() if pairs else []
    order = sorted(range(len(pairs)), key=lambda i: str(texts[i]))
    keys = [(pairs[i][0], pairs[i][1] or 0) for i in order]
    assert keys == sorted(keys)


@pytest.mark.parametrize(
    ("more", "what"),
    [
        ({"rows": "a[]"}, "leave rows: out"),
        ({"format": "csv"}, "not one change"),
        ({"envelope": "cloudevents"}, "leave the other one out"),
        ({"changes": {"envelope": "debezium", "deleted": {"path": "x", "values": ["X"]}}}, "leave deleted: out"),
        ({"changes": {"envelope": "oracle"}}, "debezium"),
        ({"key": ["plant", "plant"]}, "twice"),
        ({"key": []}, "key"),
        ({"key": "plant", "dictionary": {"by": ["order_nr"], "gives": ["plant"]}}, "leave the dictionary out"),
        ({"key": ["plant", "machin"]}, "not a field"),
        ({"key": "quantity"}, "must be required"),
    ],
)
def test_a_contract_that_no_change_can_satisfy_is_refused(more: dict[str, Any], what: str) -> None:
    with pytest.raises(ValidationError, match=what):
        Contract.model_validate({**ORDERS, **more})


KEYS = st.sampled_from(["op", "before", "after", "source", "lsn", "ts_ms", "plant", "payload", "schema"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(KEYS, inner),
)


@given(VALUES)
def test_no_message_stops_the_decoder_or_another_message(document: Any) -> None:
    good = change("c", after=ROW)
    rows, faults = decoded(ORDERS, good, document, good)
    assert 1 in faults
    assert rows[0] == rows[2]
    assert not {0, 2} & set(faults)
