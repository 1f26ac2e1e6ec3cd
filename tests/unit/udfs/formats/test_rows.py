"""Rows of messages and the places of values: each row is a reading or a letter, and no other row suffers."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace_udfs.contract import Contract
from headrace_udfs.decode import Decoder
from headrace_udfs.formats import json_bulk
from headrace_udfs.formats.document_format import DocumentFormat, JsonParser
from headrace_udfs.messages import Messages

NOW = 1_800_000_000
TS = 1_700_000_000_000


def contract(text: str) -> Contract:
    around = {"description": "d", "topic": "plant.line4.opcua", "key": "tag"}
    return Contract.model_validate({**around, **yaml.safe_load(text)})


def read(reads: Contract, values: Sequence[Any], **around: Any) -> list[dict[str, Any]]:
    """The rows of the messages: their columns, or the code and the message of their fault; and the message of each."""
    payloads = [v if v is None or isinstance(v, bytes) else json.dumps(v).encode() for v in values]
    decoded = Decoder(reads, clock=lambda: NOW).decode(Messages(payloads, **around))
    message = range(len(payloads)) if decoded.message is None else decoded.message.tolist()
    columns = {name: array.to_pylist() for name, array in decoded.columns.items()}
    return [
        {"of": of, "code": decoded.faults[i].code.value, "why": decoded.faults[i].message}
        if i in decoded.faults
        else {"of": of, **{name: column[i] for name, column in columns.items()}}
        for i, of in enumerate(message)
    ]


def brief(rows: Sequence[Mapping[str, Any]], *names: str) -> list[Any]:
    """Each row as its code, or as these columns."""
    return [row.get("code") or tuple(row[name] for name in names) for row in rows]


METRICS = contract(
    """
rows: metrics[]
fields:
  tag: {join: [^.device, name], separator: /, type: string, required: true}
  value: {type: double}
time: {first: [ts, ^.ts], unit: epoch_ms}
"""
)


def test_each_element_of_an_array_is_a_row_with_what_is_around_it() -> None:
    message = {
        "device": "d1",
        "ts": TS,
        "metrics": [{"name": "a", "value": 1}, {"name": "b", "value": 2, "ts": TS + 5}],
    }
    rows = read(METRICS, [message, {"device": "d2", "metrics": [{"name": "a", "ts": TS}]}])
    assert brief(rows, "of", "tag", "value") == [(0, "d1/a", 1.0), (0, "d1/b", 2.0), (1, "d2/a", None)]
    assert [row["ts"].microsecond for row in rows] == [0, 5000, 0]


@pytest.mark.parametrize(
    ("message", "codes"),
    [
        ({"device": "d", "ts": TS, "metrics": []}, ["no_readings"]),
        ({"device": "d", "ts": TS, "metrics": None}, ["no_readings"]),
        ({"device": "d", "ts": TS}, ["no_readings"]),
        ({"device": "d", "ts": TS, "metrics": {}}, ["not_an_array"]),
        ({"device": "d", "ts": TS, "metrics": 5}, ["not_an_array"]),
        ([1], ["not_an_object"]),
        (5, ["not_an_object"]),
        (None, ["null_payload"]),
        (b" ", ["empty_payload"]),
        (b"{", ["not_json"]),
        (b'{"device":"d","device":"d","metrics":[{"name":"a"}]}', ["duplicate_key"]),
        ({"ts": TS, "metrics": [{"name": "a"}, {"name": "b"}]}, ["missing_field"] * 2),
        ({"device": "d", "ts": TS, "metrics": [5, None, [], {"name": "a"}]}, ["not_an_object"] * 3 + [("d/a", None)]),
        ({"device": "d", "ts": TS, "metrics": [{"name": "a", "value": "1"}, {}, {"name": "b"}]},
         ["wrong_type", "missing_field", ("d/b", None)]),
        (b'{"device":"d","ts":%d,"metrics":[{"name":"a","value":NaN},{"name":"b","o":{"x":1,"x":2}},{"name":"c"}]}'
         % TS,
         ["nan", "duplicate_key", ("d/c", None)]),
        (b'{"device":"d","ts":NaN,"metrics":[{"name":"a"},{"name":"b"}]}', ["nan"]),
        (b'{"device":"d","other":[Infinity],"metrics":[{"name":"a"},{"name":"b"}]}', ["infinity"]),
        (b'{"device":"d","ts":%d,"metrics":[{"name":"a","x":%s},{"name":"b"}]}' % (TS, b"[" * 99 + b"]" * 99),
         ["nested_too_deep", ("d/b", None)]),
        (b'{"device":"d","ts":%d,"metrics":[{"name":"a","value":1e400},{"name":"b","value":%s},{"name":"c"}]}'
         % (TS, b"9" * 5000), ["number_overflow", "integer_too_large", ("d/c", None)]),
    ],
)  # fmt: skip
def test_a_bad_row_costs_no_other_row_and_a_bad_message_no_other_message(message: Any, codes: list[Any]) -> None:
    good = {"device": "d", "ts": TS, "metrics": [{"name": "x", "value": 1}]}
    rows = read(METRICS, [good, message, good])
    assert [row["of"] for row in rows] == [0, *[1] * len(codes), 2]
    assert brief(rows[1:-1], "tag", "value") == codes
    assert brief([rows[0], rows[-1]], "tag", "value") == [("d/x", 1.0)] * 2


def test_the_letter_of_a_fault_names_the_column_that_reads_it() -> None:
    rows = read(METRICS, [b'{"device":"d","ts":NaN,"metrics":[{"name":"a","ts":1}]}',
                          b'{"device":"d","ts":1,"x":NaN,"metrics":[{"name":"a"}]}',
                          b'{"device":"d","ts":1,"metrics":[{"name":"a","value":NaN},{"name":"b","x":NaN},NaN]}',
                          ])  # fmt: skip
    assert [row["why"].split(" is not")[0] for row in rows] == [
        "outside the contract's fields: NaN", "outside the contract's fields: NaN",
        "value: NaN", "outside the contract's fields: NaN", "NaN",
    ]  # fmt: skip


NESTED = contract(
    """
rows: Messages[].Payload.*
fields:
  tag: {join: [^.^.PublisherId, ^.DataSetWriterId, {from: member}], separator: /, type: string, required: true}
  number: {from: index, out: 1, type: long}
  value: {first: [Value, .], type: double, types: [number, boolean]}
  text: {first: [Value, .], type: string, types: [string]}
time: {first: [SourceTimestamp, ^.Timestamp], unit: iso8601}
quality: {path: StatusCode, mapping: opcua, missing: good}
"""
)


def test_rows_can_be_nested_and_a_value_be_bare_or_in_an_object() -> None:
    at = "2024-01-01T00:00:00Z"
    payload = {"a": 1.5, "b": {"Value": True, "StatusCode": {"Code": 0x40940000}}, "c": {"Value": "on"}, "d": None,
               "e": {"StatusCode": "BadNoCommunication"}, "f": [1], "g": {"Value": {"x": 1}}}  # fmt: skip
    message = {"PublisherId": "P", "Messages": [{"DataSetWriterId": 7, "Timestamp": at, "Payload": payload},
               {"DataSetWriterId": 8, "Timestamp": at, "Payload": {}}, {"DataSetWriterId": 9, "Timestamp": at},
               {"DataSetWriterId": 10, "Payload": {"x": {"SourceTimestamp": at}, "y": 2}}, 5]}  # fmt: skip
    assert brief(read(NESTED, [message]), "tag", "number", "value", "text", "quality") == [
        ("P/7/a", 0, 1.5, None, 0), ("P/7/b", 0, 1.0, None, 0x40940000), ("P/7/c", 0, None, "on", 0),
        ("P/7/d", 0, None, None, 0), ("P/7/e", 0, None, None, 0x80310000), "wrong_type", "wrong_type",
        "no_readings", ("P/10/x", 3, None, None, 0), "time_missing", "not_an_object",
    ]  # fmt: skip


def test_named_members_of_a_wide_message_are_rows_as_far_as_they_are_there() -> None:
    wide = contract(
        """
rows: "{temp, pressure}"
fields:
  tag: {join: [^.id, {from: member}], type: string, required: true}
  value: {path: ., type: double}
time: {path: ^.ts, unit: epoch_ms}
"""
    )
    rows = read(
        wide, [{"id": "m", "ts": TS, "pressure": 2, "other": 3}, {"id": "m", "ts": TS, "temp": 1, "pressure": "x"}]
    )
    assert brief(rows, "of", "tag", "value") == [(0, "m.pressure", 2.0), (1, "m.temp", 1.0), "wrong_type"]


def test_arrays_under_a_name_in_braces_are_rows_as_far_as_they_are_there() -> None:
    panels = contract(
        """
rows: "entry[].resource.{component}[]"
fields:
  tag: {join: [^.^.resource.code, code], type: string, required: true}
  value: {type: double}
time: {path: ^.^.^.ts, unit: epoch_ms}
"""
    )
    pressure = {"code": "bp", "component": [{"code": "high", "value": 120}, {"code": "low", "value": 80}]}
    bundle = {"ts": TS, "entry": [{"resource": {"kind": "Patient"}}, {"resource": pressure}, {"resource": {}}]}
    without = {"ts": TS, "entry": [{"resource": {"kind": "Patient"}}]}
    rows = read(panels, [bundle, without, {"ts": TS, "entry": [{"resource": {"component": 5}}]}])
    assert brief(rows, "tag", "value") == [("bp.high", 120.0), ("bp.low", 80.0), "no_readings", "not_an_array"]


@pytest.mark.parametrize("path", ["^.values.{index}", "^.values[{index}]"])
def test_values_stand_beside_the_rows_under_their_name_or_number(path: str) -> None:
    parallel = contract(
        f"""
rows: "times[]"
fields:
  tag: {{constant: vibration, type: string, required: true}}
  value: {{path: "{path}", type: double, required: true}}
time: {{path: ., unit: epoch_ms}}
"""
    )
    rows = read(parallel, [{"times": [TS, TS + 1, TS + 2], "values": [1, 2]}])
    assert brief(rows, "value") == [(1.0,), (2.0,), "missing_field"]


AROUND = contract(
    """
fields:
  tag: {from: key, split: /, level: -1, type: string, required: true}
  area: {from: topic, level: 2, type: string}
  line: {from: topic, match: "plant[.]line([0-9]+)[.].*", type: long}
  unit: {from: header, header: unit, type: string}
  site: {from: header, header: where, path: "site[0].id", type: string}
  source: {constant: bridge, type: string}
  sent: {from: record_time, type: timestamp}
  value: {path: ., type: double, types: [number]}
time: {from: record_time}
"""
)


def test_what_stands_around_a_message_is_read_from_its_record() -> None:
    headers = [[("unit", b"bar"), ("unit", b"Pa"), ("where", b'{"site":[{"id":"north"}]}')], [("unit", b"\xff")], []]
    keys = [b"plant/boiler/T1", b"T2", b"T3"]
    rows = read(AROUND, [1, 2, 3], keys=keys, headers=headers, topics="plant.line4.x", times=np.full(3, TS))
    assert brief(rows, "tag", "area", "line", "unit", "site", "source", "value") == [
        ("T1", "line4", 4, "Pa", "north", "bridge", 1.0), "not_utf8", ("T3", "line4", 4, None, None, "bridge", 3.0),
    ]  # fmt: skip
    assert rows[0]["ts"] == rows[0]["sent"]
    without = read(AROUND, [1], times=np.full(1, TS))
    assert without[0]["why"] == "tag: required, but there is no key, level -1"


def test_a_contract_of_paths_alone_may_take_its_tag_from_the_key_at_the_speed_of_paths() -> None:
    reads = contract("{fields: {tag: {from: key, type: string, required: true}, value: {type: double}},"
                     " time: {path: ts, unit: epoch_ms}}")  # fmt: skip
    rows = read(reads, [{"ts": TS, "value": 1}, {"ts": TS}, b"{", {"ts": TS}], keys=[b"a", None, None, b"\xff"])
    assert brief(rows, "tag", "value") == [("a", 1.0), "missing_field", "not_json", "not_utf8"]


def test_a_message_with_many_bad_rows_for_its_size_is_one_letter() -> None:
    samples = contract(
        """
rows: v[]
fields:
  tag: {constant: a, type: string, required: true}
  value: {path: ., type: double}
time: {from: record_time}
"""
    )
    good, bad = {"v": [1] * 5_000}, {"v": ["x"] * 3_000}
    rows = read(samples, [good, bad, good], times=np.full(3, TS))
    assert brief(rows[:5_000] + rows[5_001:], "value") == [(1.0,)] * 10_000
    assert (rows[5_000]["code"], rows[5_000]["of"]) == ("too_many_readings", 1)
    few = read(samples, [{"v": ["x"] * 1_000}], times=np.full(1, TS))
    assert brief(few) == ["wrong_type"] * 1_000


scalars = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=3), st.sampled_from(["12", "1,5", "true", "2024-01-01T00:00:00Z", TS]),
)  # fmt: skip
names = st.sampled_from(["name", "value", "ts", "device", "metrics", "Messages", "Payload", "Value", "x.y"])
documents = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=4), max_leaves=12
)
metrics = st.fixed_dictionaries(
    {"device": st.text(max_size=2), "ts": st.just(TS)}, optional={"metrics": st.lists(documents, max_size=4)}
)


@settings(max_examples=150, deadline=None)
@given(st.lists(documents | metrics | st.binary(max_size=8) | st.none(), max_size=5),
       st.sampled_from([METRICS, NESTED, contract(
           "{rows: '*', fields: {tag: {from: member, type: string, required: true}, value: {path: ., type: double, "
           "types: [number, string, boolean]}, text: {path: ., type: string, types: [string]}}, "
           "time: {from: record_time}}")]))  # fmt: skip
def test_every_message_is_accounted_for_in_bulk_as_alone(values: list[Any], reads: Contract) -> None:
    times = np.full(len(values), TS)
    rows = read(reads, values, times=times)
    assert sorted({row["of"] for row in rows}) == list(range(len(values)))
    assert [row["of"] for row in rows] == sorted(row["of"] for row in rows)
    alone = [{**row, "of": of} for of, value in enumerate(values) for row in read(reads, [value], times=times[:1])]
    assert repr(rows) == repr(alone)
    payloads = [v if v is None or isinstance(v, bytes) else json.dumps(v).encode() for v in values]
    messages = Messages(payloads, times=times)
    slow, quick = (DocumentFormat(reads, JsonParser(), bulk).decode(messages) for bulk in (None, json_bulk.documents))
    assert slow.faults == quick.faults
    assert all(slow.columns[name].equals(array) for name, array in quick.columns.items())


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.sampled_from(["a", 5, None, {}, {"name": "a"}, {"name": "b", "value": 2}, {"name": "c", "value": "x"}]))
)
def test_rows_are_those_of_a_loop(elements: list[Any]) -> None:
    rows = read(METRICS, [{"device": "d", "ts": TS, "metrics": elements}])
    expected = [
        "not_an_object" if not isinstance(each, dict) else "missing_field" if "name" not in each
        else "wrong_type" if each.get("value") == "x" else (f"d/{each['name']}", each.get("value"))
        for each in elements
    ]  # fmt: skip
    assert brief(rows, "tag", "value") == (expected or ["no_readings"])
