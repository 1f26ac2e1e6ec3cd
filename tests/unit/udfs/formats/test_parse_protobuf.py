"""A Protobuf message becomes a document by the names of its schema, or is refused where the parser would guess."""

from __future__ import annotations

import contextlib
import struct
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import json_format
from google.protobuf.message_factory import GetMessageClass
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace_udfs.faults import Code, Refused
from headrace_udfs.formats.documents import MAX_VALUES
from headrace_udfs.formats.parse_protobuf import ProtobufParser
from headrace_udfs.formats.protobuf_schema import BadProto, ProtobufSchema, compiled, compiled_texts
from headrace_udfs.formats.protobuf_wire import MAX_DEPTH

PROTO = """
syntax = "proto3";
package plant;
import "google/protobuf/timestamp.proto";

message Reading {
  string tag = 1;
  google.protobuf.Timestamp at = 2;
  oneof value { double number = 3; int64 whole = 4; string text = 5; bytes raw = 6; }
  State state = 7;
  optional int32 limit = 8;
  uint32 count = 9;
  sint32 change = 10;
  uint64 serial = 11;
  map<string, double> labels = 12;
  map<int32, Reading> parts = 13;
  repeated float wave = 14;
  repeated Reading inner = 15;
  bool on = 16;
  fixed64 id = 17;
  repeated string words = 18;
}
enum State { UNKNOWN = 0; RUNNING = 1; FAILED = -1; }
message Batch { message Head { int64 ts = 1; } Head head = 1; repeated Reading readings = 2; }
"""
OLD = """
syntax = "proto2";
message Old {
  required string tag = 1;
  optional int32 value = 2 [default = 7];
  optional State state = 3;
  optional group Inner = 4 { optional double x = 1; }
  enum State { OFF = 0; ON = 1; }
}
"""
SCHEMA = ProtobufSchema(compiled_texts(PROTO, {}))
READING = SCHEMA.message("Reading")
Reading: Any = GetMessageClass(READING)
PARSER = ProtobufParser(READING)
OLD_PARSER = ProtobufParser(ProtobufSchema(compiled_texts(OLD, {})).message("Old"))
DEFAULTS = {
    "tag": "", "state": "UNKNOWN", "count": 0, "change": 0, "serial": 0, "labels": {}, "parts": {}, "wave": [],
    "inner": [], "on": False, "id": 0, "words": [],
}  # fmt: skip


def parse(payload: bytes, parser: ProtobufParser = PARSER) -> Any:
    return parser.parse(payload)


def refusal(payload: bytes, parser: ProtobufParser = PARSER) -> Code:
    with pytest.raises(Refused) as caught:
        parser.parse(payload)
    return caught.value.fault.code


def test_fields_are_read_by_their_names() -> None:
    reading = Reading(tag="a", whole=-(2**63), state=1, limit=0, count=2**32 - 1, change=-12, serial=2**64 - 1, on=True)
    reading.at.seconds, reading.at.nanos = 1_700_000_000, 5
    reading.labels["x"] = 0.5
    reading.wave.extend([0.5, 1.5])
    reading.inner.add(tag="b", raw=b"\xff")
    reading.parts[-3].tag = "c"
    assert parse(reading.SerializeToString()) == {
        **DEFAULTS,
        "tag": "a", "at": {"seconds": 1_700_000_000, "nanos": 5}, "whole": -(2**63), "state": "RUNNING", "limit": 0,
        "count": 2**32 - 1, "change": -12, "serial": 2**64 - 1, "on": True, "labels": {"x": 0.5}, "wave": [0.5, 1.5],
        "inner": [{**DEFAULTS, "tag": "b", "raw": b"\xff"}], "parts": {"-3": {**DEFAULTS, "tag": "c"}},
    }  # fmt: skip


def test_what_is_not_set_is_missing_or_has_its_default() -> None:
    assert parse(b"") == DEFAULTS
    assert parse(bytes([3 << 3 | 1]) + struct.pack("<d", 0.0)) == {**DEFAULTS, "number": 0.0}
    assert parse(b"\x0a\x01t", OLD_PARSER) == {"tag": "t"}


def test_an_enum_that_the_schema_does_not_name_is_its_number() -> None:
    assert parse(Reading(state=42).SerializeToString())["state"] == 42
    assert parse(Reading(state=-1).SerializeToString())["state"] == "FAILED"


def test_a_field_of_a_later_schema_is_ignored() -> None:
    assert parse(b"\x0a\x01a\xf8\x01\x05\xfb\x01\x08\x01\xfc\x01") == {**DEFAULTS, "tag": "a"}


def test_only_what_is_wanted_is_read() -> None:
    wanted = {"tag": {}, "inner": {"[]": {"number": {}}}, "labels": {"*": {}}, "parts": {"*": {"tag": {}}}}
    reading = Reading(tag="a", count=1)
    reading.inner.add(number=1.5, tag="b")
    reading.parts[1].tag = "c"
    assert ProtobufParser(READING, wanted).parse(reading.SerializeToString()) == {
        "tag": "a",
        "inner": [{"number": 1.5}],
        "labels": {},
        "parts": {"1": {"tag": "c"}},
    }


GOOD = Reading(tag="tag", number=1.5, labels={"a": 1.0}).SerializeToString()


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (GOOD[:-1], Code.NOT_PROTOBUF),
        (GOOD + b"\x48", Code.NOT_PROTOBUF),
        (GOOD + GOOD, Code.DUPLICATE_KEY),
        (b"\x00", Code.NOT_PROTOBUF),
        (b"\xff" * 12, Code.NOT_PROTOBUF),
        (b'{"tag": "a"}', Code.WRONG_WIRE_TYPE),
        (b"\x0c", Code.NOT_PROTOBUF),
        (b"\x0b", Code.WRONG_WIRE_TYPE),
        (b"\x08\x01", Code.WRONG_WIRE_TYPE),
        (b"\x1d\x00\x00\x80\x3f", Code.WRONG_WIRE_TYPE),
        (b"\x0a\x02\xc3\x28", Code.NOT_UTF8),
        (b"\x0a\x01a\x0a\x01b", Code.DUPLICATE_KEY),
        (b"\x20\x01\x2a\x01a", Code.DUPLICATE_KEY),
        (b"\x40\x01\x40\x02", Code.DUPLICATE_KEY),
        (b"\x62\x03\x0a\x01a" * 2, Code.DUPLICATE_KEY),
        (b"\x48\x80\x80\x80\x80\x10", Code.INTEGER_TOO_LARGE),
        (b"\x40\x80\x80\x80\x80\x10", Code.INTEGER_TOO_LARGE),
        (b"\x7a\x00" * MAX_VALUES, Code.TOO_MANY_VALUES),
        (b"\x72" + b"\x84\x80\x40" + bytes(4 * MAX_VALUES + 4), Code.TOO_MANY_VALUES),
    ],
)
def test_what_is_not_exactly_one_message_of_the_schema_is_refused(payload: bytes, code: Code) -> None:
    assert refusal(payload) is code


def nested(depth: int) -> bytes:
    payload = b""
    for _ in range(depth):
        size = len(payload)
        length = bytes([size]) if size < 0x80 else bytes([size & 0x7F | 0x80, size >> 7])
        payload = b"\x7a" + length + payload
    return payload


def test_messages_are_nested_up_to_a_depth() -> None:
    found, depth = parse(nested(MAX_DEPTH)), 0
    while found["inner"]:
        found, depth = found["inner"][0], depth + 1
    assert depth == MAX_DEPTH
    assert refusal(nested(MAX_DEPTH + 1)) is Code.NESTED_TOO_DEEP
    assert refusal(nested(500)) is Code.NESTED_TOO_DEEP


def test_other_encodings_of_the_same_message_are_read() -> None:
    by_hand = b"\x48\x00\x75\x00\x00\x00\x3f\x0a\x01a\x72\x04\x00\x00\xc0\x3f\x40\xf4\xff\xff\xff\x0f"
    assert parse(by_hand) == {**DEFAULTS, "tag": "a", "wave": [0.5, 1.5], "limit": -12}


@pytest.mark.parametrize(
    ("payload", "code"),
    [(b"\x10\x01", Code.MISSING_FIELD), (b"\x0a\x01\xff", Code.NOT_UTF8), (b"\x0a\x01a\x23", Code.NOT_PROTOBUF)],
)
def test_messages_of_proto2_are_as_strict(payload: bytes, code: Code) -> None:
    assert refusal(payload, OLD_PARSER) is code
    assert parse(b"\x0a\x01a\x23\x09" + struct.pack("<d", 2.5) + b"\x24", OLD_PARSER) == {
        "tag": "a",
        "inner": {"x": 2.5},
    }


@given(st.binary(max_size=48))
def test_no_bytes_raise_anything_but_refused(payload: bytes) -> None:
    with contextlib.suppress(Refused):
        assert isinstance(parse(payload), dict)
    with contextlib.suppress(Refused):
        assert isinstance(parse(payload, OLD_PARSER), dict)


@given(st.binary(max_size=6), st.integers(0, len(GOOD)), st.integers(0, len(GOOD)))
def test_no_damage_raises_anything_but_refused(bytes_: bytes, start: int, stop: int) -> None:
    with contextlib.suppress(Refused):
        assert isinstance(parse(GOOD[:start] + bytes_ + GOOD[stop:]), dict)


NUMBER = st.floats(allow_nan=False, allow_infinity=False)
SINGLE = st.floats(width=32, allow_nan=False, allow_infinity=False)
TEXT = st.text(max_size=3)
MESSAGE = st.fixed_dictionaries(
    {},
    optional={
        "tag": st.text(max_size=5), "number": NUMBER, "state": st.sampled_from(["UNKNOWN", "RUNNING", "FAILED"]),
        "limit": st.integers(-(2**31), 2**31 - 1), "count": st.integers(0, 2**32 - 1), "on": st.booleans(),
        "change": st.integers(-(2**31), 2**31 - 1), "wave": st.lists(SINGLE, max_size=3),
        "labels": st.dictionaries(st.text(max_size=3), NUMBER, max_size=3), "words": st.lists(TEXT, max_size=3),
    },
)  # fmt: skip


@settings(max_examples=100)
@given(MESSAGE)
def test_what_the_json_mapping_of_protobuf_wrote_is_read(values: dict[str, Any]) -> None:
    message = json_format.ParseDict(values, Reading())
    assert parse(message.SerializeToString()) == {**DEFAULTS, **values}


def test_messages_are_found_by_name_and_by_indexes() -> None:
    assert SCHEMA.messages == ["plant.Reading", "plant.Batch", "plant.Batch.Head"]
    assert SCHEMA.message("plant.Batch.Head").full_name == SCHEMA.message("Head").full_name == "plant.Batch.Head"
    assert SCHEMA.at([1, 0]).full_name == "plant.Batch.Head"
    for indexes in ([2], [-1], [1, 1], []):
        with pytest.raises(IndexError):
            SCHEMA.at(indexes)
    for name in ("Nothing", "Head.x", "google.protobuf.Timestamp"):
        with pytest.raises(KeyError):
            SCHEMA.message(name)


def test_a_schema_may_import_files_beside_it(tmp_path: Path) -> None:
    (tmp_path / "common").mkdir()
    (tmp_path / "common" / "units.proto").write_text('syntax = "proto3"; package c; message Unit { string name = 1; }')
    path = tmp_path / "pump.proto"
    path.write_text('syntax = "proto3"; import "common/units.proto"; message Pump { c.Unit unit = 1; }')
    parser = ProtobufParser(ProtobufSchema(compiled(path)).message("Pump"))
    assert parser.parse(b"\x0a\x05\x0a\x03bar") == {"unit": {"name": "bar"}}


def test_a_schema_that_is_wrong_is_reported_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "pump.proto"
    path.write_text('syntax = "proto3";\nmessage Pump { strange x = 1; }\n')
    with pytest.raises(BadProto, match=r'^pump\.proto:2:16: "strange" is not defined'):
        compiled(path)
    with pytest.raises(BadProto, match="not a descriptor set"):
        ProtobufSchema(b"\xff\xff")
    with pytest.raises(BadProto, match="empty"):
        ProtobufSchema(b"")
    with pytest.raises(BadProto, match="not a relative path"):
        compiled_texts(PROTO, {"../x.proto": ""})
