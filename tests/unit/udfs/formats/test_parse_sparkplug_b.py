"""Sparkplug payloads of other encoders become the metrics that they wrote."""

from __future__ import annotations

import base64
import contextlib
import json
from typing import Any

import pytest
from google.protobuf.message_factory import GetMessageClass
from hypothesis import given
from hypothesis import strategies as st

from headrace_udfs.faults import Code, Refused
from headrace_udfs.formats import sparkplug_b_schema
from headrace_udfs.formats.parse_sparkplug_b import NO_VALUE, parse, typed

Payload: Any = GetMessageClass(sparkplug_b_schema.payload())


def metric(**fields: Any) -> Any:
    payload = Payload()
    payload.metrics.add(**fields)
    (found,) = parse(payload.SerializeToString())["metrics"]
    return found


def test_the_golden_messages_of_other_encoders_are_read(pytestconfig: pytest.Config) -> None:
    folder = pytestconfig.rootpath / "tests" / "payloads" / "sparkplug_b"
    messages = [json.loads(line)["$message"]["value"] for line in (folder / "messages.jsonl").open()]
    expected = [json.loads(line) for line in (folder / "readings.jsonl").open()]
    compared = 0
    for value, want in zip(messages, expected, strict=True):
        if not isinstance(value, dict) or "$base64" not in value:
            continue
        try:
            found = parse(base64.b64decode(value["$base64"]))
        except Refused:
            assert not want["readings"]
            continue
        by_name = {each["name"]: each["value"] for each in found["metrics"] if "name" in each and "value" in each}
        for reading in want["readings"]:
            name = reading["tag"].split("/", 2)[2] if reading["tag"].startswith("Plant1/Edge7/") else reading["tag"]
            name = name.removeprefix("Press2/")
            if name in by_name and len([each for each in found["metrics"] if each.get("name") == name]) == 1:
                assert by_name[name] == reading["value"], (want["name"], name)
                assert type(by_name[name]) is type(reading["value"])
                compared += 1
    assert compared > 20


def test_a_metric_has_its_value_and_where_it_was() -> None:
    found = metric(name="t", alias=7, timestamp=5, datatype=3, int_value=2**32 - 12)
    assert found == {
        "name": "t", "alias": 7, "timestamp": 5, "datatype": "Int32", "int_value": 2**32 - 12, "kind": "int_value",
        "value": -12,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("datatype", "kind", "raw", "value"),
    [
        ("Int8", "int_value", 2**32 - 12, -12),
        ("Int8", "int_value", 244, -12),
        ("Int8", "int_value", 127, 127),
        ("Int8", "int_value", 256, NO_VALUE),
        ("Int16", "int_value", 40_000, 40_000 - 2**16),
        ("Int32", "int_value", 2**31, -(2**31)),
        ("Int32", "long_value", 2**64 - 5, -5),
        ("Int64", "long_value", 2**64 - 1, -1),
        ("Int64", "int_value", 2**31 - 1, 2**31 - 1),
        ("Int64", "int_value", 2**32 - 1, NO_VALUE),
        ("UInt8", "int_value", 255, 255),
        ("UInt8", "int_value", 256, NO_VALUE),
        ("UInt32", "long_value", 2**32 - 1, 2**32 - 1),
        ("UInt64", "long_value", 2**64 - 1, 2**64 - 1),
        ("DateTime", "long_value", 2**40, 2**40),
        ("Float", "float_value", 0.5, 0.5),
        ("Double", "float_value", 0.5, 0.5),
        ("Double", "int_value", 5, NO_VALUE),
        ("Boolean", "boolean_value", False, False),
        ("String", "string_value", "", ""),
        ("String", "bytes_value", b"x", NO_VALUE),
        ("Bytes", "bytes_value", b"x", b"x"),
        ("Int8Array", "bytes_value", b"x", b"x"),
        ("DataSet", "dataset_value", {}, NO_VALUE),
        ("Unknown", "double_value", 1.5, 1.5),
        (None, "double_value", 1.5, 1.5),
        (None, "int_value", 5, NO_VALUE),
        (None, "long_value", 5, NO_VALUE),
    ],
)
def test_a_value_is_read_by_its_type(datatype: str | None, kind: str, raw: Any, value: Any) -> None:
    assert typed(kind, raw, datatype) == value


@given(st.sampled_from([8, 16, 32]), st.data())
def test_every_signed_number_is_read_as_either_way_of_writing_it(bits: int, data: st.DataObject) -> None:
    number = data.draw(st.integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1))
    assert typed("int_value", number % 2**32, f"Int{bits}") == number
    assert typed("int_value", number % 2**bits, f"Int{bits}") == number
    assert typed("long_value", number % 2**64, f"Int{bits}") == number


def test_a_null_is_none_and_a_data_set_has_no_value() -> None:
    assert metric(name="t", datatype=10, is_null=True)["value"] is None
    found = metric(name="t", datatype=16, dataset_value={"columns": ["a"]})
    assert found["value"].code == Code.NOT_ONE_VALUE
    assert found["kind"] == "dataset_value"
    assert metric(name="t", datatype=99, int_value=5)["value"].code == Code.UNKNOWN_DATATYPE
    assert metric(name="t", datatype=1, int_value=300)["value"].code == Code.WRONG_TYPE
    by_alias = metric(alias=1, int_value=5)
    assert (by_alias["name"].code, by_alias["value"].code) == (Code.UNKNOWN_ALIAS, Code.UNKNOWN_DATATYPE)
    assert metric(alias=1, double_value=5)["value"] == 5
    assert "value" not in metric(name="t")


def test_properties_are_values_by_key() -> None:
    properties = {
        "keys": ["Quality", "unit"],
        "values": [{"type": 3, "int_value": 500}, {"type": 12, "string_value": "bar"}],
    }
    assert metric(name="t", properties=properties)["properties"] == {"Quality": 500, "unit": "bar"}
    for wrong, code in (({}, Code.UNKNOWN_DATATYPE), ({"type": 9}, Code.WRONG_TYPE)):
        untold = {"keys": ["Quality"], "values": [{**wrong, "int_value": 500}]}
        assert metric(name="t", properties=untold)["properties"]["Quality"].code == code
    properties["keys"] = ["Quality", "Quality"]
    assert metric(name="t", properties=properties)["properties"] == "2 keys (1 different) and 2 values"


def test_a_payload_without_metrics_has_an_empty_list() -> None:
    assert parse(b"") == {"metrics": []}
    assert parse(b"\x08\x01\x18\x02") == {"timestamp": 1, "seq": 2, "metrics": []}


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (b"\x12\x05\x0a\x02ab", Code.NOT_PROTOBUF),
        (b"\x12\x03\x0a\x01\xff", Code.NOT_UTF8),
        (b"\x0a\x01a", Code.WRONG_WIRE_TYPE),
        (b"\x12\x04\x50\x01\x58\x01", Code.DUPLICATE_KEY),
        (b'{"timestamp": 1, "metrics": []}', Code.NOT_PROTOBUF),
        (b"plain text", Code.NOT_PROTOBUF),
    ],
)
def test_what_is_not_a_payload_is_refused(payload: bytes, code: Code) -> None:
    with pytest.raises(Refused) as caught:
        parse(payload)
    assert caught.value.fault.code is code


@given(st.binary(max_size=48))
def test_no_bytes_raise_anything_but_refused(payload: bytes) -> None:
    with contextlib.suppress(Refused):
        assert isinstance(parse(payload), dict)
    with contextlib.suppress(Refused):
        assert isinstance(parse(b"\x12" + bytes([len(payload)]) + payload), dict)
