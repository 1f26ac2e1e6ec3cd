"""An Avro record becomes the reading that the contract describes, or is refused with a reason."""

from __future__ import annotations

import base64
import json
import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any
from uuid import UUID

import pytest
from fastavro import parse_schema, schemaless_writer
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace_udfs.contract import Contract
from headrace_udfs.decode import Decoder
from headrace_udfs.faults import Code
from headrace_udfs.formats.avro import AvroFormat
from headrace_udfs.formats.registry_frame import HEADER
from headrace_udfs.messages import Messages
from headrace_udfs.pipeline import ERRORS, Pipeline
from headrace_udfs.schemas import GivenSchemas, RegistryFailed, Schema, SchemaId
from headrace_udfs.types import ARROW

NOW = datetime(2014, 6, 1, tzinfo=UTC).timestamp()
TS_MS = 1_400_000_000_000
MILLIS = {"type": "long", "logicalType": "timestamp-millis"}
MICROS = {"type": "long", "logicalType": "timestamp-micros"}
NANOS = {"type": "long", "logicalType": "timestamp-nanos"}
CENTS = {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}
CONTRACT: dict[str, Any] = {
    "description": "Readings of a pump.",
    "topic": "pump.readings",
    "format": "avro",
    "max_bytes": 4096,
    "fields": {
        "tag": {"type": "string", "required": True},
        "value": {"path": "data.value", "type": "double"},
        "count": {"type": "long"},
        "on": {"type": "boolean"},
        "seen": {"type": "timestamp"},
    },
    "time": {"path": "ts", "unit": "epoch_ms", "earliest": datetime(2010, 1, 1, tzinfo=UTC)},
    "quality": {"path": "q", "mapping": "opcda"},
    "key": "tag",
}
GOOD = {"tag": "a", "data": {"value": 1.5}, "count": 2, "on": True, "seen": TS_MS, "ts": TS_MS, "q": 192}


def contract(**changes: Any) -> Contract:
    return Contract.model_validate({**CONTRACT, **changes})


def record(value: Any = "double", **fields: Any) -> dict[str, Any]:
    """A schema of the contract's fields, some of other types."""
    types = {"tag": "string", "count": "long", "on": "boolean", "seen": MILLIS, "ts": MILLIS, "q": "int", **fields}
    data = {"type": "record", "name": "Data", "fields": [{"name": "value", "type": value}]}
    listed = [{"name": name, "type": kind} for name, kind in {"data": data, **types}.items() if kind]
    return {"type": "record", "name": "Reading", "namespace": "plant", "fields": listed}


def framed(schema: Any, number: int = 1, **changes: Any) -> bytes:
    """A good reading, less some changes, as a client of the registry writes it; times are numbers."""
    stream = BytesIO()
    plain = json.loads(json.dumps(schema), object_hook=lambda d: {k: v for k, v in d.items() if k != "logicalType"})
    schemaless_writer(stream, parse_schema(plain), {**GOOD, **changes})
    return b"\0" + number.to_bytes(4, "big") + stream.getvalue()


@dataclass(frozen=True)
class Referring:
    """Schemas by id, with those that they refer to."""

    known: dict[int, Schema]

    def open(self) -> Referring:
        return self

    def schema(self, number: SchemaId) -> Schema:
        return self.known[int(number)]

    def close(self) -> None:
        """Nothing is held."""


def decode(
    *payloads: bytes | None, schemas: dict[int, Any], **changes: Any
) -> tuple[dict[str, list[Any]], dict[int, tuple[Code, str]]]:
    reads, given_ = contract(**changes), GivenSchemas({number: json.dumps(s) for number, s in schemas.items()})
    decoded = Decoder(reads, clock=lambda: NOW, schemas=given_).decode(Messages(payloads))
    assert {name: array.type for name, array in decoded.columns.items()} == {
        name: ARROW[kind] for name, kind in reads.columns.items()
    }
    return {name: array.to_pylist() for name, array in decoded.columns.items()}, dict(decoded.faults)


def one(schema: Any, column: str, contract_: dict[str, Any] | None = None, **changes: Any) -> Any:
    """The value of the column of one good reading."""
    columns, faults = decode(framed(schema, **changes), schemas={1: schema}, **contract_ or {})
    assert faults == {}
    return columns[column][0]


def refusal(schema: Any, **changes: Any) -> Code:
    _, faults = decode(framed(schema, **changes), schemas={1: schema})
    assert len(faults) == 1
    return faults[0][0]


def test_a_reading_has_every_column_of_its_contract() -> None:
    columns, faults = decode(framed(record()), schemas={1: record()})
    assert faults == {}
    when = datetime(2014, 5, 13, 16, 53, 20)
    reading = {name: values[0] for name, values in columns.items()}
    assert reading == {"tag": "a", "value": 1.5, "count": 2, "on": True, "seen": when, "ts": when, "quality": 0}


def test_readings_of_many_schemas_stay_in_their_order() -> None:
    schemas = {1: record(), 7: record(value=CENTS, ts=MICROS, seen=["null", "string"])}
    later = {"data": {"value": b"\x01\x00"}, "ts": TS_MS * 1000, "seen": "2014-01-01T00:00:00Z"}
    payloads = [framed(schemas[7], 7, **later), framed(schemas[1]), None, framed(schemas[7], 7, **later)]
    columns, faults = decode(*payloads, schemas=schemas)
    assert [faults[i].code for i in faults] == [Code.NULL_PAYLOAD]  # type: ignore[attr-defined]
    assert columns["value"] == [2.56, 1.5, None, 2.56]
    assert columns["ts"][0] == columns["ts"][1] == columns["ts"][3] == datetime(2014, 5, 13, 16, 53, 20)
    assert columns["seen"][:2] == [datetime(2014, 1, 1), datetime(2014, 5, 13, 16, 53, 20)]
    columns, faults = decode(*(payload for payload in payloads if payload), schemas=schemas)
    assert faults == {}
    assert columns["value"] == [2.56, 1.5, 2.56]


@pytest.mark.parametrize(
    ("kind", "value", "found"),
    [
        ("double", -2.5, -2.5),
        ("float", 0.25, 0.25),
        ("int", 3, 3.0),
        ("long", 2**53, 2.0**53),
        (["null", "double"], None, None),
        (["null", "double", "long"], 7, 7.0),
        (CENTS, (-1234).to_bytes(2, "big", signed=True), -12.34),
        ({"type": "fixed", "name": "F", "size": 3, "logicalType": "decimal", "precision": 5}, b"\0\1\0", 256.0),
        ({"type": "double", "logicalType": "nobody-knows"}, 1.5, 1.5),
    ],
)
def test_a_double_is_any_number_of_avro(kind: Any, value: Any, found: float | None) -> None:
    assert one(record(value=kind), "value", data={"value": value}) == found


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("string", "pump é"),
        ({"type": "enum", "name": "E", "symbols": ["a", "b"]}, "b"),
        ({"type": "string", "logicalType": "uuid"}, "no uuid"),
        (["null", "string"], "a"),
    ],
)
def test_a_text_is_a_string_or_a_symbol(kind: Any, value: str) -> None:
    assert one(record(tag=kind), "tag", tag=value) == value


@pytest.mark.parametrize(
    ("kind", "ticks", "unit"),
    [
        (MILLIS, TS_MS + 1, "epoch_s"),
        (MICROS, TS_MS * 1000 + 1000, "iso8601"),
        (NANOS, TS_MS * 10**6 + 1_000_999, "epoch_ms"),
        ("long", TS_MS + 1, "epoch_ms"),
        ("long", TS_MS * 1000 + 1000, "epoch_us"),
        ("long", TS_MS * 10**6 + 1_000_000, "epoch_ns"),
        ("double", TS_MS / 1000 + 0.001, "epoch_s"),
        ("string", "2014-05-13T16:53:20.001Z", "iso8601"),
        (["null", MILLIS, "string"], "2014-05-13T18:53:20.001+02:00", "iso8601"),
    ],
)
def test_the_unit_of_a_time_is_that_of_the_schema_or_else_of_the_contract(kind: Any, ticks: Any, unit: str) -> None:
    time = {**CONTRACT["time"], "unit": unit}
    assert one(record(ts=kind), "ts", {"time": time}, ts=ticks) == datetime(2014, 5, 13, 16, 53, 20, 1000)


def test_a_path_goes_through_unions_and_maps() -> None:
    keys = [{"name": name, "type": kind} for name, kind in {"tag": "string", "ts": MILLIS}.items()]
    within = {"type": "map", "values": ["null", "double"]}
    schema = {"type": "record", "name": "R", "fields": [*keys, {"name": "data", "type": ["null", within]}]}
    columns, faults = decode(
        *(framed(schema, data=data) for data in ({"value": 1.0}, {"value": None}, {"other": 2.0}, None)),
        schemas={1: schema},
    )
    assert faults == {}
    assert columns["value"] == [1.0, None, None, None]


def test_a_named_type_may_be_used_again_by_its_name() -> None:
    state = {"type": "enum", "name": "State", "symbols": ["on", "off"]}
    changes = {"fields": {"tag": CONTRACT["fields"]["tag"], "site": {"type": "string", "required": True}}}
    assert one(record(tag=state, site="State"), "site", changes, tag="on", site="off") == "off"


def test_a_schema_may_refer_to_others() -> None:
    money = {"type": "fixed", "name": "plant.Money", "size": 2, "logicalType": "decimal", "precision": 4}

    class Referring:
        def schema(self, _number: SchemaId) -> Schema:
            return Schema(json.dumps(record(value="plant.Money")), (json.dumps(money),))

    payload = framed(record(value=money), data={"value": b"\0\5"})
    decoded = AvroFormat(contract(), Referring()).decode(Messages([payload]))
    assert (decoded.columns["value"].to_pylist(), decoded.faults) == ([5.0], {})


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        (record(tag=None), "tag: required, but the schema has no 'tag'"),
        (record(ts=None), "ts: required, but the schema has no 'ts'"),
        (record(value="string"), "value: expected a double, but 'data.value' is string in the schema"),
        (record(value="bytes"), "'data.value' is bytes in the schema"),
        (record(tag="bytes"), "tag: expected a string, but 'tag' is bytes in the schema"),
        (record(count="double"), "count: expected a long, but 'count' is double in the schema"),
        (record(on="int"), "on: expected a boolean"),
        (record(seen="long"), "seen: expected a timestamp, but 'seen' is long in the schema"),
        (record(ts={"type": "long", "logicalType": "local-timestamp-millis"}), "'ts' is local-timestamp-millis (long)"),
        (record(ts="string"), "ts: expected a timestamp, but 'ts' is string in the schema"),
        (record(seen=[MILLIS, {"type": "int"}]), "seen: timestamp-millis (long) and int cannot be distinguished"),
        (record(value={**CENTS, "scale": 10}), "'data.value' is bytes in the schema"),
        (
            record(tag={"type": "enum", "name": "E", "symbols": ["1", "b"]}),
            "'tag' is an enum with symbols that are not",
        ),
        ({"type": "object"}, "the schema is not valid Avro"),
        ("string", "tag: required, but the schema has no 'tag'"),
    ],
)
def test_a_schema_that_does_not_fit_is_refused(schema: Any, message: str) -> None:
    _, faults = decode(b"\0\0\0\0\1", schemas={1: schema})
    code, actual = faults[0]
    assert code == Code.SCHEMA_UNFIT
    assert "schema 1: " in actual
    assert message in actual


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ({"type": "bytes", "logicalType": "decimal", "precision": 2, "scale": 8}, b"\x04\x30\x39"),
        ({"type": "bytes", "logicalType": "decimal", "precision": 0}, b"\x02\x00"),
        ({"type": "bytes", "logicalType": "decimal", "precision": "two"}, b"\x02\x00"),
        ({"type": "bytes", "logicalType": "decimal"}, b"\x02\x00"),
        ({"type": "string", "logicalType": "decimal", "precision": 2}, b"\x02a"),
        ({"type": "fixed", "name": "F", "size": 1, "logicalType": "decimal", "precision": 9}, b"a"),
        ({"type": "fixed", "name": "F", "size": 3, "logicalType": "duration"}, b"abc"),
        ({"type": "string", "logicalType": "timestamp-millis"}, b"\x02a"),
        ({"type": "int", "logicalType": "timestamp-millis"}, b"\x02"),
        ({"type": "long", "logicalType": "date"}, b"\x02"),
        ({"type": "long", "logicalType": ["odd"]}, b"\x02"),
        ({"type": "string", "logicalType": "uuid"}, b"\x02x"),
        ({"type": "enum", "name": "E", "symbols": ["a", "b"], "default": "c"}, b"\x02"),
        ({"type": "enum", "name": "E", "symbols": ["1st", "50%", ""]}, b"\x04"),
        ({"type": "enum", "name": "E", "symbols": ["a", "a"]}, b"\x02"),
        (
            {"type": "record", "name": "I", "aliases": 5, "fields": [{"name": "x", "type": "int", "default": "y"}]},
            b"\x02",
        ),
        (
            {"type": "record", "name": "I", "fields": [{"name": "x", "type": "int", "aliases": "z", "order": 1}]},
            b"\x02",
        ),
        (["null", "plant.Reading"], b"\x00"),
        ({"type": "array", "items": "null"}, b"\x0a\x00"),
        ({"type": "map", "values": {"type": "array", "items": {"type": "record", "name": "N", "fields": []}}}, b"\x00"),
    ],
)
def test_what_a_schema_says_of_fields_that_are_not_read_refuses_nothing(kind: Any, body: bytes) -> None:
    schema = record()
    schema["fields"].append({"name": "more", "type": kind})
    columns, faults = decode(framed(record()) + body, schemas={1: schema})
    assert faults == {}
    assert columns["value"] == [1.5]


@pytest.mark.parametrize(
    ("kind", "body", "code"),
    [
        (["null", "plant.Reading"], (b"\x02" + framed(record())[5:]) * 100 + b"\x00", Code.NESTED_TOO_DEEP),
        (["null", "plant.Reading"], b"\x02\x02a", Code.NOT_AVRO),
        (["null", "plant.Reading"], b"\x04", Code.NOT_AVRO),
        ({"type": "array", "items": "null"}, b"\xfe\xff\xff\xff\x0f\x00", Code.TOO_MANY_VALUES),
        ({"type": "array", "items": "null"}, b"\x01\x00\x00", None),
        ({"type": "array", "items": "null"}, b"\x80", Code.NOT_AVRO),
    ],
)
def test_schemas_that_are_not_safe_to_decode_are_decoded_within_bounds(
    kind: Any, body: bytes, code: Code | None
) -> None:
    schema = record()
    schema["fields"].append({"name": "more", "type": kind})
    payloads = framed(record()) + body, framed(record()) + b"\x00"
    columns, faults = decode(*payloads, schemas={1: schema}, max_bytes=2**16)
    assert {i: fault[0] for i, fault in faults.items()} == ({0: code} if code else {})
    assert columns["value"][1] == 1.5


def test_the_case_of_a_decimal_with_too_much_scale() -> None:
    money = {"type": "bytes", "logicalType": "decimal", "precision": 2, "scale": 8}
    fields = {"tag": "string", "value": "double", "ts": MILLIS, "cost": money}
    schema = {"type": "record", "name": "r", "fields": [{"name": n, "type": t} for n, t in fields.items()]}
    message = bytes.fromhex("0000000007044c3100000000000014 4080d08fa59863043039")
    changes = {
        "fields": {"tag": CONTRACT["fields"]["tag"], "value": {"type": "double"}},
        "time": {"path": "ts", "unit": "epoch_ms"},
    }
    columns, faults = decoded_by(message, schema, changes)
    assert faults == {}
    assert (columns["tag"], columns["value"], columns["ts"]) == (["L1"], [5.0], [datetime(2024, 1, 1)])


def decoded_by(message: bytes, schema: Any, changes: dict[str, Any]) -> tuple[dict[str, list[Any]], dict[int, Any]]:
    reads = contract(**changes)
    decoded = Decoder(reads, schemas=GivenSchemas({7: json.dumps(schema)})).decode(Messages([message]))
    return {name: array.to_pylist() for name, array in decoded.columns.items()}, dict(decoded.faults)


GUID = UUID("fa1ed74d-d919-484c-af24-46f66f598002")


def test_a_schema_is_named_by_an_id_or_a_guid_in_the_payload_or_in_a_header() -> None:
    body = framed(record())[5:]
    schemas: dict[SchemaId, str] = {1: json.dumps(record()), GUID: json.dumps(record())}
    known = GivenSchemas(schemas)
    by_guid, by_id = b"\x01" + GUID.bytes, b"\0\0\0\0\1"
    messages = Messages(
        [by_id + body, by_guid + body, body, body, body, by_id + body, body],
        headers=[
            (),
            (),
            ((HEADER, by_guid),),
            (("other", b"x"), (HEADER, by_id)),
            ((HEADER, by_guid[:-1]),),
            ((HEADER, None),),
            ((HEADER, b"\x01" + bytes(16)),),
        ],
    )
    decoded = Decoder(contract(), clock=lambda: NOW, schemas=known).decode(messages)
    assert {i: fault.code for i, fault in decoded.faults.items()} == {4: Code.NO_SCHEMA_ID, 6: Code.UNKNOWN_SCHEMA}
    assert [decoded.columns["value"][i].as_py() for i in (0, 1, 2, 3, 5)] == [1.5] * 5


def test_the_golden_messages_of_a_registry_client_are_read(pytestconfig: pytest.Config) -> None:
    folder = pytestconfig.rootpath / "tests" / "payloads" / "registry"
    known = {k: v for k, v in json.loads((folder / "schemas.json").read_text()).items() if v["type"] == "AVRO"}
    schemas: dict[SchemaId, str] = {int(number): each["schema"] for number, each in known.items()}
    schemas |= {UUID(each["guid"]): each["schema"] for each in known.values()}
    fields = {"tag": CONTRACT["fields"]["tag"], "value": {"type": "double"}}
    changes: dict[str, Any] = {"fields": fields, "quality": None}
    decoder = Decoder(contract(**changes, time={"path": "ts", "unit": "epoch_ms"}), schemas=GivenSchemas(schemas))
    read = 0
    lines = zip((folder / "messages.jsonl").open(), (folder / "readings.jsonl").open(), strict=True)
    for message, reading in ((json.loads(message)["$message"], json.loads(reading)) for message, reading in lines):
        if "avro" not in json.dumps(reading).lower():
            continue
        value = base64.b64decode(message["value"]["$base64"])
        headers = tuple((name, base64.b64decode(each["$base64"])) for name, each in message.get("headers", {}).items())
        decoded = decoder.decode(Messages([value], headers=[headers]))
        (expected,) = reading["readings"]
        assert decoded.faults == {}
        assert (decoded.columns["tag"][0].as_py(), decoded.columns["value"][0].as_py()) == (
            expected["tag"],
            expected["value"],
        )
        read += 1
    assert read >= 6


def test_an_optional_field_is_null_if_the_schema_does_not_have_it() -> None:
    assert one(record(count=None), "count") is None


@pytest.mark.parametrize(
    ("schema", "changes", "code"),
    [
        (record(), {"data": {"value": math.nan}}, Code.NAN),
        (record(value="float"), {"data": {"value": -math.inf}}, Code.INFINITY),
        (record(value="long"), {"data": {"value": 2**53 + 1}}, Code.INTEGER_TOO_LARGE),
        (record(value=CENTS), {"data": {"value": b"\x7f" * 140}}, Code.NUMBER_OVERFLOW),
        (record(value=["string", "double"]), {"data": {"value": "warm"}}, Code.WRONG_TYPE),
        (record(tag=["null", "string"]), {"tag": None}, Code.NULL_FIELD),
        (record(ts=["null", MILLIS]), {"ts": None}, Code.TIME_MISSING),
        (record(ts=["string", MILLIS]), {"ts": "now"}, Code.TIME_INVALID),
        (record(seen="string"), {"seen": "2014-01-01T00:00:00"}, Code.TIME_WITHOUT_ZONE),
        (record(), {"seen": 2**62}, Code.TIME_INVALID),
        (record(ts="double"), {"ts": math.nan}, Code.TIME_INVALID),
        (record(), {"ts": 0}, Code.TIME_BEFORE_BOUNDS),
        (record(q="string"), {"q": "192"}, Code.SCHEMA_UNFIT),
        (record(), {"q": 128}, Code.UNKNOWN_QUALITY),
    ],
)
def test_a_value_that_cannot_be_stored_is_refused(schema: Any, changes: dict[str, Any], code: Code) -> None:
    assert refusal(schema, **changes) == code


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (None, Code.NULL_PAYLOAD),
        (b"", Code.EMPTY_PAYLOAD),
        (b"\0" * 4097, Code.PAYLOAD_TOO_LARGE),
        (b'{"tag":"a"}', Code.NO_SCHEMA_ID),
        (b"\0\0\0", Code.NO_SCHEMA_ID),
        (b"\0\0\0\0\2", Code.UNKNOWN_SCHEMA),
        (b"\0\xff\xff\xff\xff", Code.UNKNOWN_SCHEMA),
        (b"\0\0\0\0\1", Code.NOT_AVRO),
        (framed(record())[:-1], Code.NOT_AVRO),
        (framed(record()) + b"\0", Code.NOT_AVRO),
    ],
)
def test_a_payload_that_is_not_a_record_affects_no_other(payload: bytes | None, code: Code) -> None:
    columns, faults = decode(framed(record()), payload, framed(record(), tag="b"), schemas={1: record()})
    assert {i: fault[0] for i, fault in faults.items()} == {1: code}
    assert columns["tag"] == ["a", None, "b"]


def test_a_schema_is_fetched_once_and_an_unknown_one_again() -> None:
    class Counting(GivenSchemas):
        fetched: list[SchemaId] = []

        def schema(self, number: SchemaId) -> Schema:
            self.fetched.append(number)
            return super().schema(number)

    decoder = AvroFormat(contract(), Counting({1: json.dumps(record()), 3: '"string"'}))
    for _ in range(3):
        decoder.decode(Messages([framed(record()), b"\0\0\0\0\3", framed(record()), b"\0\0\0\0\2", b"\0\0\0\0\2x"]))
    assert Counting.fetched == [1, 3, 2, 2, 2]


def test_a_failure_of_the_registry_makes_no_dead_letter() -> None:
    class Down(GivenSchemas):
        def schema(self, number: SchemaId) -> Schema:
            raise RegistryFailed(f"schema {number} is not available")

    pipeline = Pipeline(contract(), schemas=Down({}))
    pipeline.open(lambda _name, _n: None)
    with pytest.raises(RegistryFailed):
        pipeline.run(Messages([framed(record())]))


def test_a_pipeline_without_a_registry_does_not_open() -> None:
    with pytest.raises(ValueError, match="no schema registry"):
        Pipeline(contract()).open(lambda _name, _n: None)


optional_doubles = st.none() | st.floats(allow_nan=False, allow_infinity=False)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
rows = st.fixed_dictionaries(
    {
        "tag": texts,
        "data": st.fixed_dictionaries({"value": optional_doubles}),
        "count": st.none() | st.integers(-(2**63), 2**63 - 1),
        "on": st.booleans(),
        "seen": st.integers(-62_135_596_800_000, 253_402_300_799_999),
        "ts": st.integers(1_262_304_000_000, 1_400_000_000_000),
        "q": st.sampled_from([0, 64, 192]),
    }
)
WIDE = record(value=["null", "double"], count=["null", "long"], more={"type": "map", "values": "bytes"})


@settings(deadline=None)
@given(st.lists(rows, max_size=8))
def test_records_read_back_as_they_were_written(written: list[dict[str, Any]]) -> None:
    columns, faults = decode(*(framed(WIDE, more={"x": b"y"}, **row) for row in written), schemas={1: WIDE})
    assert faults == {}
    assert columns["tag"] == [row["tag"] for row in written]
    assert columns["value"] == [row["data"]["value"] for row in written]
    assert columns["count"] == [row["count"] for row in written]
    for name in ("seen", "ts"):
        since = [(at - datetime(1970, 1, 1)) / timedelta(milliseconds=1) for at in columns[name]]
        assert since == [row[name] for row in written]


cut = st.builds(lambda row, at, junk: framed(WIDE, more={}, **row)[:at] + junk, rows, st.integers(5, 60), st.binary())
of_some_schema = st.builds(lambda number, body: b"\0\0\0\0" + bytes([number]) + body, st.integers(0, 3), st.binary())


@settings(deadline=None, max_examples=300)
@given(st.lists(st.none() | st.binary(max_size=64) | of_some_schema | cut, max_size=8))
def test_invalid_bytes_cause_only_a_dead_letter(payloads: list[bytes | None]) -> None:
    odd = record(value=CENTS, tag={"type": "array", "items": "string"})
    schemas = {1: WIDE, 2: {**odd, "name": "Odd"}, 3: record(seen=["null", NANOS, "string"], tag=["null", "string"])}
    pipeline = Pipeline(contract(), now=NOW, schemas=GivenSchemas({n: json.dumps(s) for n, s in schemas.items()}))
    pipeline.open(lambda _name, _n: None)
    batch = pipeline.run(Messages(payloads)).batch
    pipeline.close()
    assert batch.num_rows == len(payloads)
    good = batch["err_code"].is_null().to_pylist()
    assert all(code in set(Code) for code in batch["err_code"].to_pylist() if code)
    for name in ERRORS:
        assert batch[name].is_null().to_pylist() == good
    assert all(tag is not None for tag, fine in zip(batch["tag"].to_pylist(), good, strict=True) if fine)


@pytest.mark.parametrize("written", [["plant.Reading", "plant.Other"], "plant.Reading"])
def test_a_schema_may_consist_of_references_only(written: Any) -> None:
    other = {"type": "record", "name": "plant.Other", "fields": [{"name": "of", "type": "plant.Data"}]}
    reading = record()
    reading["fields"][0]["type"] = "plant.Data"
    data = record()["fields"][0]["type"]
    parts = (json.dumps({**data, "namespace": "plant"}), json.dumps(reading), json.dumps(other))
    given_ = Referring({1: Schema(json.dumps(written), parts)})
    message = framed(record())
    # In a union, the number of the branch is the first byte of the record.
    payload = message[:5] + (b"\0" if isinstance(written, list) else b"") + message[5:]
    decoded = Decoder(contract(), clock=lambda: NOW, schemas=given_).decode(Messages([payload]))
    assert dict(decoded.faults) == {}
    assert decoded.columns["value"].to_pylist() == [1.5]
