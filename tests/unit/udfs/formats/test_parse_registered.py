"""Protobuf and JSON of registry clients are read by the schemas that they name."""

from __future__ import annotations

import base64
import contextlib
import json
from typing import Any
from uuid import UUID

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from hypothesis import given
from hypothesis import strategies as st

from headrace_udfs.faults import Code, Refused
from headrace_udfs.formats.parse_registered import RegisteredJson, RegisteredProtobuf
from headrace_udfs.formats.protobuf_schema import compiled_texts
from headrace_udfs.formats.registry_frame import HEADER
from headrace_udfs.schemas import GivenSchemas, Schema, SchemaId

PROTO = """
syntax = "proto3";
package plant;
import "units.proto";
import "google/protobuf/timestamp.proto";
message Other { message Deep { int32 x = 1; } }
message Reading { string tag = 1; google.protobuf.Timestamp at = 2; units.Unit unit = 3; }
"""
UNITS = 'syntax = "proto3"; package units; message Unit { string name = 1; }'
GUID = UUID(int=7)
SCHEMAS: dict[SchemaId, str | Schema] = {
    1: Schema(PROTO, (UNITS,), "PROTOBUF", ("units.proto",)),
    GUID: Schema(PROTO, (UNITS,), "PROTOBUF", ("units.proto",)),
    2: Schema("{}", kind="JSON"),
    3: '"string"',
    4: Schema("message Broken {", kind="PROTOBUF"),
}
BODY = b"\x0a\x01a\x12\x02\x08\x05\x1a\x05\x0a\x03bar"
READING = {"tag": "a", "at": {"seconds": 5, "nanos": 0}, "unit": {"name": "bar"}}


def protobuf() -> RegisteredProtobuf:
    return RegisteredProtobuf(GivenSchemas(SCHEMAS), None)


def refusal(parser: RegisteredProtobuf | RegisteredJson, payload: bytes, *headers: tuple[str, bytes | None]) -> Code:
    with pytest.raises(Refused) as caught:
        parser.parse(payload, headers)
    return caught.value.fault.code


def test_a_message_is_of_the_type_that_its_indexes_name() -> None:
    parser = protobuf()
    assert parser.parse(b"\0\0\0\0\1\2\2" + BODY, ()) == READING
    assert parser.parse(b"\0\0\0\0\1\0", ()) == {}
    assert parser.parse(b"\0\0\0\0\1\4\0\0\x08\x07", ()) == {"x": 7}
    assert parser.parse(b"\1" + GUID.bytes + b"\2\2" + BODY, ()) == READING
    assert parser.parse(BODY, ((HEADER, b"\1" + GUID.bytes + b"\2\2"),)) == READING


def test_the_schema_may_be_a_descriptor() -> None:
    files = FileDescriptorSet.FromString(compiled_texts(PROTO, {"units.proto": UNITS}))
    by_name = {file.name: base64.b64encode(file.SerializeToString()).decode() for file in files.file}
    schema = Schema(by_name["schema.proto"], (by_name["units.proto"],), "PROTOBUF", ("units.proto",))
    parser = RegisteredProtobuf(GivenSchemas({1: schema}), None)
    assert parser.parse(b"\0\0\0\0\1\2\2" + BODY, ()) == READING


@pytest.mark.parametrize(
    ("payload", "headers", "code"),
    [
        (b"", (), Code.NO_SCHEMA_ID),
        (b"\0\0\0\0", (), Code.NO_SCHEMA_ID),
        (b"\2\0\0\0\1\0", (), Code.NO_SCHEMA_ID),
        (b"\0\0\0\0\1", (), Code.UNKNOWN_MESSAGE),
        (b"\0\0\0\0\1\x80", (), Code.UNKNOWN_MESSAGE),
        (b"\0\0\0\0\1\1", (), Code.UNKNOWN_MESSAGE),
        (b"\0\0\0\0\1\2\4", (), Code.UNKNOWN_MESSAGE),
        (b"\0\0\0\0\1\2\1", (), Code.UNKNOWN_MESSAGE),
        (b"\0\0\0\0\1\xfe\xff\xff\xff\x0f", (), Code.UNKNOWN_MESSAGE),
        (b"\0\0\0\0\2\0", (), Code.SCHEMA_UNFIT),
        (b"\0\0\0\0\3\0", (), Code.SCHEMA_UNFIT),
        (b"\0\0\0\0\4\0", (), Code.SCHEMA_UNFIT),
        (b"\0\0\0\0\x09\0", (), Code.UNKNOWN_SCHEMA),
        (b"\0\xff\0\0\0\0", (), Code.UNKNOWN_SCHEMA),
        (b"\1" + bytes(16) + b"\0", (), Code.UNKNOWN_SCHEMA),
        (b"\0\0\0\0\1\2\2\x0a", (), Code.NOT_PROTOBUF),
        (BODY, ((HEADER, b"\1" + GUID.bytes + b"\2\2\0"),), Code.NO_SCHEMA_ID),
        (BODY, ((HEADER, b""),), Code.NO_SCHEMA_ID),
        (BODY, ((HEADER, b"\1" + GUID.bytes),), Code.UNKNOWN_MESSAGE),
    ],
)
def test_a_message_that_names_no_type_is_refused(payload: bytes, headers: tuple[tuple[str, bytes]], code: Code) -> None:
    assert refusal(protobuf(), payload, *headers) is code


def test_json_after_a_schema_id_is_read() -> None:
    parser = RegisteredJson(GivenSchemas(SCHEMAS))
    assert parser.parse(b'\0\0\0\0\2{"tag": "a"}', ()) == {"tag": "a"}
    assert parser.parse(b'{"tag": "a"}', ((HEADER, b"\0\0\0\0\2"),)) == {"tag": "a"}
    assert refusal(parser, b'{"tag": "a"}') is Code.NO_SCHEMA_ID
    assert refusal(parser, b"\0\0\0\0\1{}") is Code.SCHEMA_UNFIT
    assert refusal(parser, b"\0\0\0\0\x09{}") is Code.UNKNOWN_SCHEMA
    assert refusal(parser, b"\0\0\0\0\2{") is Code.NOT_JSON


def test_the_golden_messages_of_a_registry_client_are_read(pytestconfig: pytest.Config) -> None:
    folder = pytestconfig.rootpath / "tests" / "payloads" / "registry"
    known: dict[SchemaId, str | Schema] = {}
    for number, each in json.loads((folder / "schemas.json").read_text()).items():
        known[int(number)] = known[UUID(each["guid"])] = Schema(each["schema"], kind=each["type"])
    parsers: dict[str, Any] = {
        "protobuf": RegisteredProtobuf(GivenSchemas(known), None),
        "json": RegisteredJson(GivenSchemas(known)),
    }
    read = 0
    for line, reading in zip((folder / "messages.jsonl").open(), (folder / "readings.jsonl").open(), strict=True):
        expected = json.loads(reading)
        parser = parsers.get(expected["name"].split(",")[0].split(" ")[0])
        if parser is None:
            continue
        message = json.loads(line)["$message"]
        headers = tuple((name, base64.b64decode(each["$base64"])) for name, each in message.get("headers", {}).items())
        found = parser.parse(base64.b64decode(message["value"]["$base64"]), headers)
        assert (found["tag"], found.get("value")) == (expected["readings"][0]["tag"], expected["readings"][0]["value"])
        read += 1
    assert read >= 12


@given(st.binary(max_size=24), st.none() | st.binary(max_size=24))
def test_no_bytes_raise_anything_but_refused(payload: bytes, header: bytes | None) -> None:
    for parser in (protobuf(), RegisteredJson(GivenSchemas(SCHEMAS))):
        with contextlib.suppress(Refused):
            parser.parse(payload, ((HEADER, header),))
