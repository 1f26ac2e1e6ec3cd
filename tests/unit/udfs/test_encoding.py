"""What is encoded is read back as it was: by the decoder of cases, and by the formats that read such messages."""

from __future__ import annotations

import json
import string
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from headrace_udfs.encoding import Encoding
from headrace_udfs.formats.parse_registered import RegisteredProtobuf
from headrace_udfs.formats.protobuf_schema import ProtobufSchema, compiled_texts
from headrace_udfs.formats.registry_frame import with_indexes
from headrace_udfs.formats.write_avro import WrittenColumn, is_name, record_name, record_schema
from headrace_udfs.formats.write_protobuf import indexes, misfits
from headrace_udfs.schemas import GivenSchemas, Schema

KINDS: Mapping[str, SearchStrategy[Any]] = {
    "string": st.text(st.characters(exclude_categories=["Cs"])),
    "double": st.floats(allow_nan=False),
    "float": st.floats(width=32, allow_nan=False),
    "long": st.integers(-(2**63), 2**63 - 1),
    "int": st.integers(-(2**31), 2**31 - 1),
    "boolean": st.booleans(),
    "timestamptz": st.datetimes(timezones=st.just(UTC)),
    "binary": st.binary(),
}
PROTO = """
syntax = "proto3";
package plant;
import "google/protobuf/timestamp.proto";
message Other { message Inner { bool yes = 1; } }
message All {
  message Deep { string tag = 1; }
  optional string a_string = 1;
  optional double a_double = 2;
  optional float a_float = 3;
  optional sint64 a_long = 4;
  optional int32 a_int = 5;
  optional bool a_boolean = 6;
  google.protobuf.Timestamp a_timestamptz = 7;
  optional bytes a_binary = 8;
  string r_string = 9;
  double r_double = 10;
}
"""
DESCRIPTORS = compiled_texts(PROTO, {})


def columns(*kinds: str) -> tuple[WrittenColumn, ...]:
    nullable = [WrittenColumn(f"a_{kind.split('(')[0]}", kind, required=False) for kind in kinds]
    return (
        *nullable,
        WrittenColumn("r_string", "string", required=True),
        WrittenColumn("r_double", "double", required=True),
    )


def in_avro(wanted: tuple[WrittenColumn, ...]) -> Encoding:
    return Encoding("t", "t-value", Schema(record_schema("plant.All", "d", wanted)), wanted)


AVRO = in_avro(columns(*KINDS, "date", "decimal(9, 3)"))
PROTOBUF = Encoding("t", "t-value", Schema(PROTO, kind="PROTOBUF"), columns(*KINDS), "All", DESCRIPTORS)
DATES = st.dates()
DECIMALS = st.decimals(-999_999, 999_999, places=3)


def rows(encoding: Encoding, others: Mapping[str, SearchStrategy[Any]]) -> SearchStrategy[list[Any]]:
    known = {**KINDS, **others}
    values = [known[each.kind] if each.required else st.none() | known[each.kind] for each in encoding.columns]
    return st.tuples(*values).map(list)


@given(rows(AVRO, {"date": DATES, "decimal(9, 3)": DECIMALS}))
def test_a_row_in_avro_is_read_as_it_was(row: list[Any]) -> None:
    message = AVRO.encoder(7)(row)
    assert message[:5] == b"\0\0\0\0\7"
    assert AVRO.decoded(message) == dict(zip(AVRO.names, row, strict=True))


@given(rows(PROTOBUF, {}))
def test_a_row_in_protobuf_is_read_as_it_was(row: list[Any]) -> None:
    message = PROTOBUF.encoder(7)(row)
    assert PROTOBUF.decoded(message) == dict(zip(PROTOBUF.names, row, strict=True))


def test_the_format_of_a_registry_reads_what_is_written_with_its_schema() -> None:
    row = ["a", 1.5, 0.25, -(2**62), 7, True, datetime(2024, 2, 29, 12, 0, 0, 1, tzinfo=UTC), b"\0", "ü", -0.0]
    document = RegisteredProtobuf(GivenSchemas({7: PROTOBUF.schema}), None).parse(PROTOBUF.encoder(7)(row), ())
    assert isinstance(document, dict)
    assert {**document, "a_timestamptz": None} == {**dict(zip(PROTOBUF.names, row, strict=True)), "a_timestamptz": None}


@pytest.mark.parametrize("encoding", [AVRO, PROTOBUF])
def test_a_null_that_must_not_be_is_reported_with_its_column(encoding: Encoding) -> None:
    row: list[Any] = [None] * (len(encoding.columns) - 2)
    with pytest.raises(ValueError, match="t: 'r_double' is null, and required"):
        encoding.encoder(7)([*row, "a", None])


@pytest.mark.parametrize("name", ["plant.Other", "plant.Other.Inner", "plant.All", "plant.All.Deep"])
def test_a_message_says_where_its_type_is_in_the_file(name: str) -> None:
    schema = ProtobufSchema(DESCRIPTORS)
    payload = b"\0\0\0\0\7" + indexes(schema.message(name)) + b"rest"
    frame, found = with_indexes(payload, ())
    assert schema.at(found).full_name == name
    assert payload[frame.start :] == b"rest"


def test_a_schema_has_nulls_documents_and_logical_types() -> None:
    fields = {each["name"]: each for each in json.loads(AVRO.schema.definition)["fields"]}
    assert fields["a_long"] == {"name": "a_long", "type": ["null", "long"], "default": None}
    assert fields["r_double"] == {"name": "r_double", "type": "double"}
    assert fields["a_decimal"]["type"][1] == {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 3}
    documented = json.loads(record_schema("R", "what it is", [WrittenColumn("a", "date", required=True, doc="A day")]))
    assert documented["doc"] == "what it is"
    assert documented["fields"][0] == {"name": "a", "type": {"type": "int", "logicalType": "date"}, "doc": "A day"}


@given(st.text(string.ascii_letters + string.digits + "._-", min_size=1))
def test_each_topic_has_a_name_in_avro(topic: str) -> None:
    assert is_name(record_name(topic))
    assert record_name("condition.frost") == "condition.frost"


def misfit(*wanted: WrittenColumn, message: str = "All", text: str = PROTO) -> list[str]:
    schema = ProtobufSchema(compiled_texts(text, {}))
    return [f"{column}: {what}" for column, what, _ in misfits(schema.message(message), wanted)]


def test_columns_that_a_message_cannot_hold_are_named() -> None:
    assert misfit(*PROTOBUF.columns) == []
    assert misfit(
        WrittenColumn("r_string", "string", required=False),
        WrittenColumn("a_double", "float", required=False),
        WrittenColumn("a_float", "double", required=False),
        WrittenColumn("a_int", "long", required=False),
        WrittenColumn("day", "date", required=True),
        WrittenColumn("a_string", "date", required=False),
        WrittenColumn("a_timestamptz", "decimal(9, 2)", required=False),
        WrittenColumn("a_long", "timestamptz", required=False),
    ) == [
        "r_string: 'r_string' can be null, and All cannot say so: consumers would see a zero",
        "a_float: 'a_float' is a double, and float in All",
        "a_int: 'a_int' is a long, and int32 in All",
        "day: All has no field 'day'",
        "a_string: Protobuf has no type for 'a_string', which is a date",
        "a_timestamptz: Protobuf has no type for 'a_timestamptz', which is a decimal(9, 2)",
        "a_long: 'a_long' is a timestamptz, and sint64 in All",
    ]


def test_repeated_fields_enums_and_fields_that_must_be_set_are_named() -> None:
    text = """
    syntax = "proto2";
    enum Side { LEFT = 0; }
    message M { repeated string many = 1; required Side side = 2; optional M inner = 3; required int32 n = 4; }
    """
    wanted = [WrittenColumn(name, "string", required=True) for name in ("many", "side", "inner")]
    assert misfit(*wanted, message="M", text=text) == [
        "many: 'many' is a string, and repeated in M",
        "side: 'side' is a string, and of another type in M",
        "inner: 'inner' is a string, and M in M",
        ": M requires the field 'n', and there is no such column",
    ]
