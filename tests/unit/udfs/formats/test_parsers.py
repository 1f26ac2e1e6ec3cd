"""Every format, from a contract and the bytes of messages to readings."""

from __future__ import annotations

import base64
import gzip
import io
import json
import zlib
from datetime import datetime
from typing import Any

import numpy as np
import pytest
import yaml
from fastavro import parse_schema, schemaless_writer
from google.protobuf.message_factory import GetMessageClass
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace_udfs.contract import Contract
from headrace_udfs.decode import Decoder
from headrace_udfs.faults import Code
from headrace_udfs.format_names import FORMAT_FACTS
from headrace_udfs.formats import sparkplug_b_schema
from headrace_udfs.formats.protobuf_schema import ProtobufSchema, compiled_texts
from headrace_udfs.messages import Headers, Messages
from headrace_udfs.schemas import GivenSchemas, Schema

AT = datetime(2025, 11, 24, 16)
MS = 1_764_000_000_000
PROTO = """
syntax = "proto3";
package plant;
message Batch {
  message Head { int64 ts = 1; }
  message Reading { string tag = 1; optional double value = 2; bytes raw = 3; }
  Head head = 1;
  repeated Reading readings = 2;
}
"""
DESCRIPTORS = compiled_texts(PROTO, {})
Batch: Any = GetMessageClass(ProtobufSchema(DESCRIPTORS).message("plant.Batch"))


def contract(text: str, **changes: Any) -> Contract:
    base = {
        "description": "Readings.",
        "topic": "umh.v1.line4.force",
        "fields": {"tag": {"type": "string", "required": True}, "value": {"type": "double"}},
        "time": {"path": "ts", "unit": "epoch_ms"},
        "key": "tag",
    }
    made = Contract.model_validate({**base, **(yaml.safe_load(text) or {}), **changes})
    return made.with_schema(DESCRIPTORS) if made.schema_file else made


def decode(
    reads: Contract, *values: bytes | None, headers: list[Headers] | None = None, schemas: GivenSchemas | None = None
) -> tuple[list[tuple[Any, Any, Any]], dict[int, Code]]:
    """Tag, time and value of each good row, and the codes of the others by their position."""
    messages = Messages(values, headers=headers, topics=reads.topic, times=np.full(len(values), MS))
    decoded = Decoder(reads, clock=lambda: 1.8e9, schemas=schemas).decode(messages)
    rows = zip(*(decoded.columns[name].to_pylist() for name in ("tag", "ts", "value")), strict=True)
    good = [row for i, row in enumerate(rows) if i not in decoded.faults]
    return good, {i: fault.code for i, fault in decoded.faults.items()}


def test_text() -> None:
    reads = contract(
        "{format: text, fields: {tag: {from: topic, level: -2, type: string, required: true},"
        " value: {path: ., type: double, decimal: ','}}, time: {from: record_time}}"
    )
    rows, faults = decode(reads, b"21,5", b" -3\n", b"warm", b"", b"\xff", None, b"NaN")
    assert rows == [("line4", AT, 21.5), ("line4", AT, -3.0)]
    assert [faults[i] for i in (2, 3, 4, 5)] == [
        Code.WRONG_TYPE, Code.EMPTY_PAYLOAD, Code.NOT_UTF8, Code.NULL_PAYLOAD,
    ]  # fmt: skip
    assert faults[6] in {Code.WRONG_TYPE, Code.NAN}


def test_json_lines() -> None:
    lines = [{"tag": "a", "ts": MS, "value": 1.5}, [1], {"tag": "b", "ts": MS, "value": None}]
    message = "\n".join(["", *map(json.dumps, lines), '{"tag": NaN}', "{", ""]).encode()
    rows, faults = decode(contract("{format: json_lines}"), message, b"{")
    assert rows == [("a", AT, 1.5), ("b", AT, None)]
    assert faults == {1: Code.NOT_AN_OBJECT, 3: Code.NAN, 4: Code.NOT_JSON, 5: Code.NOT_JSON}
    large = f'{{"tag": "a", "ts": {MS}, "value": 1e400}}'.encode()
    assert decode(contract("{format: json_lines}"), large)[1] == {0: Code.NUMBER_OVERFLOW}


def test_a_number_that_is_not_finite_is_no_text_either() -> None:
    ids = ["7", "1.50", "12345678901234567890", "1e400", "NaN"]
    value = "[" + ",".join(f'{{"id": {each}}}' for each in ids) + "]"
    around = {"time": {"from": "record_time"}, "format": "json", "rows": "[]"}
    whole = {"path": "id", "type": "string", "types": ["string", "number"], "required": True}
    joined = {"join": [{"constant": "x"}, "id"], "type": "string", "required": True}
    for tag, infinite in ((whole, Code.NUMBER_OVERFLOW), (joined, Code.INFINITY)):
        found = Decoder(contract("{}", fields={"tag": tag}, **around)).decode(
            Messages([value.encode()], times=np.array([MS]))
        )
        assert [str(each).removeprefix("x.") for each in found.columns["tag"].to_pylist()[:3]] == [
            "7", "1.5", "12345678901234567890",
        ]  # fmt: skip
        assert {i: fault.code for i, fault in found.faults.items()} == {3: infinite, 4: Code.NAN}


def test_csv() -> None:
    reads = contract(
        "{format: csv, csv: {delimiter: ';'}, fields: {tag: {type: string, required: true},"
        " value: {type: double, decimal: ','}}, time: {path: time, unit: iso8601}}"
    )
    at = "2025-11-24T16:00:00Z"
    lines = ["time;tag;value", f"{at};a;21,5", f"{at};b", ";c;1", f"{at};d;", ""]
    rows, faults = decode(reads, "\r\n".join(lines).encode())
    assert rows == [("a", AT, 21.5), ("d", AT, None)]
    assert faults == {1: Code.WRONG_COLUMNS, 2: Code.TIME_MISSING}
    rows, faults = decode(contract("{format: csv, csv: {columns: [tag, ts, value]}}"), f"a,{MS},1.5\nb,{MS},x".encode())
    assert (rows, faults) == ([("a", AT, 1.5)], {1: Code.WRONG_TYPE})


INFLUX = """
format: influx
rows: fields.*
fields:
  tag: {join: [^.measurement, ^.tags.line, {from: member}], separator: /, type: string, required: true}
  value: {path: ., type: double, types: [number, boolean]}
  text: {path: ., type: string, types: [string]}
time: {first: [^.time, {from: record_time}], unit: epoch_ns}
"""


def test_nanoseconds_are_added_to_the_seconds_of_their_message_alone() -> None:
    reads = contract("{format: json, time: {first: [t.s, {from: record_time}], unit: epoch_s, nanos: t.n}}")
    values = [
        json.dumps({"tag": "a", "value": 1, "t": t}).encode() for t in ({"s": MS // 1000, "n": 5000}, {"n": 5000})
    ]
    found = Decoder(reads).decode(Messages(values, times=np.array([MS, MS])))
    assert found.faults == {}
    assert found.columns["ts"].to_pylist() == [AT.replace(microsecond=5), AT]


@pytest.mark.parametrize(
    ("status", "expected"),
    [({"Code": 0, "Symbol": "Bad"}, None), ({"Code": 0x80000000, "Symbol": "Good"}, None),
     ({"Code": 0x808C0000, "Symbol": "Bad_SensorFailure"}, 0x808C0000), ({"Code": 0, "Symbol": "x"}, 0),
     ({"Code": -0x80000000, "Symbol": "Bad"}, 0x80000000)],
)  # fmt: skip
def test_a_status_whose_code_and_symbol_contradict_each_other_is_unknown(status: Any, expected: int | None) -> None:
    reads = contract("{format: json, rows: 'v[]', quality: {path: q, mapping: opcua}}", time={"from": "record_time"})
    message = json.dumps({"v": [{"tag": "a", "q": status}]}).encode()
    found = Decoder(reads).decode(Messages([message], times=np.array([MS])))
    if expected is None:
        assert found.faults[0].code == Code.UNKNOWN_QUALITY
    else:
        assert found.columns["quality"].to_pylist() == [expected]


def test_line_protocol() -> None:
    message = f'press,line=4 force=21.5,count=7i,on=t,state="RUN" {MS * 10**6}\nbad\npress,line=5 force=1'.encode()
    rows, faults = decode(contract(INFLUX), message)
    assert sorted(rows) == [
        ("press/4/count", AT, 7.0),
        ("press/4/force", AT, 21.5),
        ("press/4/on", AT, 1.0),
        ("press/4/state", AT, None),
        ("press/5/force", AT, 1.0),
    ]
    assert faults == {4: Code.NOT_LINE_PROTOCOL}


XML = """
format: xml
rows: Plant.R[]
fields:
  tag: {join: [^.Plant.@site, "@tag"], separator: /, type: string, required: true}
  value: {path: v, type: double}
time: {path: "@ts", unit: epoch_ms}
"""


def test_xml() -> None:
    row = f'<R tag="%s" ts="{MS}"><v>%s</v></R>'
    several = f'<Plant site="n">{row % ("a", "1.5")}{row % ("b", "x")}<R ts="{MS}"><v/></R>{row % ("c", "")}</Plant>'
    one = f'<Plant site="n">{row % ("d", "1")}</Plant>'
    rows, faults = decode(contract(XML), several.encode(), one.encode(), b"<!DOCTYPE a><a/>", b"<Plant/>", b"<Other/>")
    assert rows == [("n/a", AT, 1.5), ("n/c", AT, None), ("n/d", AT, 1.0)]
    assert (faults[1], faults[2], faults[5]) == (Code.WRONG_TYPE, Code.MISSING_FIELD, Code.XML_DOCTYPE)
    assert set(faults) == {1, 2, 5, 6, 7}


HL7 = r"""
format: hl7
rows: OBR[].OBX[]
fields:
  tag: {path: "3.1", type: string, required: true}
  value: {path: "5", type: double}
time: {path: ^.7, format: "%Y%m%d%H%M%S", zone: UTC}
"""


def test_hl7() -> None:
    segments = [
        r"MSH|^~\&|LAB|HOSP|||20251124160000||ORU^R01|42|P|2.5.1",
        "OBR|1||||||20251124160000",
        "OBX|1|NM|8867-4^Heart rate^LN||72|/min",
        "OBX|2|NM|9279-1||1~2|/min",
        "OBR|2||||||20251124170000+0100",
        'OBX|1|NM|29463-7||""|kg',
        "OBR|3||||||20251124160000",
        "OBX|1|NM|8310-5||36.6|Cel",
    ]
    rows, faults = decode(contract(HL7), "\r".join(segments).encode(), b"PID|1")
    assert rows == [("8867-4", AT, 72.0), ("8310-5", AT, 36.6)]
    assert faults == {1: Code.WRONG_TYPE, 2: Code.TIME_INVALID, 4: Code.NOT_HL7}


PROTOBUF = """
rows: readings[]
fields: {tag: {type: string, required: true}, value: {type: double}}
time: {path: ^.head.ts, unit: epoch_ms}
"""


def test_protobuf() -> None:
    reads = contract(PROTOBUF, format="protobuf", schema="p.proto", message="plant.Batch")
    batch = Batch(
        head={"ts": MS}, readings=[{"tag": "a", "value": 0.0}, {"tag": "b"}, {"tag": "c", "value": float("nan")}]
    )
    whole = batch.SerializeToString()
    rows, faults = decode(reads, whole, whole[:-1], whole + whole, Batch(head={"ts": MS}).SerializeToString())
    assert rows == [("a", AT, 0.0), ("b", AT, None)]
    assert faults == {2: Code.NAN, 3: Code.NOT_PROTOBUF, 4: Code.DUPLICATE_KEY, 5: Code.NO_READINGS}
    raw = contract(PROTOBUF, format="protobuf", schema="p.proto", message="Batch", fields={
        "tag": {"type": "string", "required": True}, "value": {"path": "raw", "type": "string"}})  # fmt: skip
    assert decode(raw, Batch(head={"ts": MS}, readings=[{"tag": "a", "raw": b"x"}]).SerializeToString())[1] == {
        0: Code.WRONG_TYPE
    }


def test_protobuf_and_json_of_a_registry() -> None:
    schemas = GivenSchemas({1: Schema(PROTO, kind="PROTOBUF"), 2: Schema("{}", kind="JSON")})
    body = Batch(head={"ts": MS}, readings=[{"tag": "a", "value": 1.5}]).SerializeToString()
    framed = b"\0\0\0\0\1\0" + body
    rows, faults = decode(contract(PROTOBUF, format="protobuf_registry"), framed, b"\5" + body, schemas=schemas)
    assert (rows, faults) == ([("a", AT, 1.5)], {1: Code.NO_SCHEMA_ID})
    headers: list[Headers] = [(("__value_schema_id", b"\0\0\0\0\1\0"),)]
    reads = contract(PROTOBUF, format="protobuf_registry")
    assert decode(reads, body, headers=headers, schemas=schemas) == ([("a", AT, 1.5)], {})
    message = b"\0\0\0\0\2" + json.dumps({"tag": "a", "ts": MS, "value": 1.5}).encode()
    assert decode(contract("{format: json_registry}"), message, schemas=schemas) == ([("a", AT, 1.5)], {})
    for name in ("protobuf_registry", "json_registry", "avro"):
        with pytest.raises(ValueError, match="no schema registry"):
            Decoder(contract(PROTOBUF, format=name))


def test_a_quality_of_sparkplug_without_its_type_is_never_that_of_the_message() -> None:
    payload_of: Any = GetMessageClass(sparkplug_b_schema.payload())
    stale = {"keys": ["Quality"], "values": [{"int_value": 500}]}
    payload = payload_of(metrics=[{"name": "a", "timestamp": MS, "double_value": 1.5, "properties": stale},
                               {"name": "b", "timestamp": MS, "double_value": 2.5}])  # fmt: skip
    quality = {"first": ["properties.Quality", {"constant": "NDATA"}], "mapping": "names", "names": {"NDATA": "good"}}
    rows, faults = decode(contract(SPARKPLUG, quality=quality), payload.SerializeToString())
    assert (rows, faults) == ([("b", AT, 2.5)], {0: Code.UNKNOWN_DATATYPE})


SPARKPLUG = """
format: sparkplug_b
rows: metrics[]
fields: {tag: {path: name, type: string, required: true}, value: {type: double, types: [number, boolean]}}
time: {path: timestamp, unit: epoch_ms}
"""


def test_sparkplug_b(pytestconfig: pytest.Config) -> None:
    folder = pytestconfig.rootpath / "tests" / "payloads" / "sparkplug_b"
    first = json.loads((folder / "messages.jsonl").open().readline())["$message"]["value"]["$base64"]
    rows, faults = decode(contract(SPARKPLUG), base64.b64decode(first), b"\x12")
    by_tag = {tag: value for tag, _, value in rows}
    assert (by_tag["Int8/low"], by_tag["Int32/minus one"], by_tag["Boolean/on"]) == (-12, -1, 1)
    assert {faults[i] for i in faults} == {Code.WRONG_TYPE, Code.INTEGER_TOO_LARGE, Code.NOT_PROTOBUF}


AVRO = {
    "type": "record",
    "name": "Batch",
    "fields": [
        {"name": "at", "type": {"type": "long", "logicalType": "timestamp-micros"}},
        {"name": "r", "type": {"type": "map", "values": ["null", "double", {
            "type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}]}},
    ],
}  # fmt: skip
PLAIN_AVRO = json.loads(
    json.dumps(AVRO), object_hook=lambda each: {k: v for k, v in each.items() if k != "logicalType"}
)


@pytest.mark.parametrize("unit", ["iso8601", "epoch_s", "epoch_ms", "epoch_us", "epoch_ns"])
def test_rows_of_avro(unit: str) -> None:
    reads = contract(
        "{format: avro, rows: 'r.*', fields: {tag: {from: member, type: string, required: true},"
        f" value: {{path: ., type: double}}}}, time: {{path: ^.at, unit: {unit}}}}}"
    )
    stream = io.BytesIO()
    record = {"at": MS * 1000, "r": {"a": 1.5, "b": None, "c": (-1234).to_bytes(2, "big", signed=True)}}
    schemaless_writer(stream, parse_schema(PLAIN_AVRO), record)
    message = b"\0\0\0\0\1" + stream.getvalue()
    rows, faults = decode(reads, message, message[:-1], message + b"x", schemas=GivenSchemas({1: json.dumps(AVRO)}))
    assert sorted(rows) == [("a", AT, 1.5), ("b", AT, None), ("c", AT, -12.34)]
    assert faults == {3: Code.NOT_AVRO, 4: Code.NOT_AVRO}


@pytest.mark.parametrize("unit", ["iso8601", "epoch_s", "epoch_ms", "epoch_us", "epoch_ns"])
def test_avro_as_a_document_is_avro_as_columns(unit: str) -> None:
    fields = {
        "tag": "string",
        "value": ["null", "double", "int"],
        "ts": {"type": "long", "logicalType": "timestamp-nanos"},
    }
    schema = {"type": "record", "name": "R", "fields": [{"name": n, "type": t} for n, t in fields.items()]}
    plain = json.loads(
        json.dumps(schema), object_hook=lambda each: {k: v for k, v in each.items() if k != "logicalType"}
    )
    payloads = []
    for value in (1.5, None, 7, float("nan")):
        stream = io.BytesIO()
        schemaless_writer(stream, parse_schema(plain), {"tag": "a", "value": value, "ts": MS * 10**6 + 1_234})
        payloads.append(b"\0\0\0\0\1" + stream.getvalue())
    schemas = GivenSchemas({1: json.dumps(schema)})
    time = f"time: {{path: ts, unit: {unit}}}"
    columns = decode(contract(f"{{format: avro, {time}}}"), *payloads, schemas=schemas)
    tag, value_ = "{join: [tag], type: string, required: true}", "{first: [value], type: double}"
    by_place = contract(f"{{format: avro, {time}, fields: {{tag: {tag}, value: {value_}}}}}")
    assert columns == decode(by_place, *payloads, schemas=schemas)
    assert columns[0][0] == ("a", AT.replace(microsecond=1), 1.5)
    assert columns[1] == {3: Code.NAN}


EVENT = """
envelope: cloudevents
fields: {tag: {path: subject, type: string, required: true}, value: {path: data.value, type: double}}
time: {path: time, unit: iso8601}
"""
ATTRIBUTES = {
    "id": "1",
    "source": "/plant",
    "specversion": "1.0",
    "type": "reading",
    "subject": "a",
    "time": "2025-11-24T16:00:00Z",
}
STRUCTURED: Headers = (("content-type", b"Application/CloudEvents+JSON; charset=UTF-8"),)


def binary(**changes: str | None) -> Headers:
    named = {**ATTRIBUTES, **changes}
    return tuple((f"ce_{name}", value.encode()) for name, value in named.items() if value is not None)


def test_cloudevents_of_both_modes_are_the_same() -> None:
    values = [
        b'{"value": 1.5}',
        json.dumps({**ATTRIBUTES, "data": {"value": 1.5}}).encode(),
        json.dumps({**ATTRIBUTES, "data_base64": base64.b64encode(b'{"value": 1.5}').decode()}).encode(),
        b'{"value": 1.5}',
        json.dumps({**ATTRIBUTES, "specversion": "0.3", "data": {}}).encode(),
        b"{",
        json.dumps({**ATTRIBUTES, "data_base64": "?"}).encode(),
    ]
    headers = [binary(), STRUCTURED, STRUCTURED, binary(id=None), STRUCTURED, binary(), STRUCTURED]
    rows, faults = decode(contract(EVENT, format="json"), *values, headers=headers)
    assert rows == [("a", AT, 1.5)] * 3
    assert faults == {3: Code.NOT_A_CLOUDEVENT, 4: Code.NOT_A_CLOUDEVENT, 5: Code.NOT_JSON, 6: Code.NOT_A_CLOUDEVENT}


def test_a_value_of_an_event_that_cannot_be_read_costs_its_row_alone() -> None:
    reads = contract(EVENT, format="json", rows="data[]", fields={
        "tag": {"path": "id", "type": "string", "required": True}, "value": {"type": "double"}},
        time={"path": "^.time", "unit": "iso8601"})  # fmt: skip
    data = '[{"id": "a", "value": 1}, {"id": "b", "value": NaN}, {"id": "c", "value": 2, "value": 3}]'
    event = json.dumps(ATTRIBUTES)[:-1] + f', "data": {data}}}'
    for value, headers in ((data, binary()), (event, STRUCTURED)):
        rows, faults = decode(reads, value.encode(), headers=[headers])
        assert rows == [("a", AT, 1.0)]
        assert faults == {1: Code.NAN, 2: Code.DUPLICATE_KEY}
    lines, faults = decode(
        reads.model_copy(update={"format": "json_lines"}), f"{data}\n{{".encode(), headers=[binary()]
    )
    assert lines == [("a", AT, 1.0)]
    assert faults == {1: Code.NAN, 2: Code.DUPLICATE_KEY, 3: Code.NOT_JSON}


@pytest.mark.parametrize(
    "text",
    ['{"id": "1", "id": "2"}', json.dumps(ATTRIBUTES)[:-1] + ', "data_base64": {"a": 1, "a": 2}}',
     json.dumps({**ATTRIBUTES, "id": 0}).replace('"id": 0', '"id": {"a": 1, "a": 2}')],
)  # fmt: skip
def test_what_makes_an_event_unreadable_is_told(text: str) -> None:
    assert decode(contract(EVENT, format="json"), text.encode(), headers=[STRUCTURED])[1] == {0: Code.DUPLICATE_KEY}


def test_an_event_may_have_data_of_any_format() -> None:
    reads = contract(EVENT, format="text", fields={
        "tag": {"path": "subject", "type": "string", "required": True},
        "value": {"path": "data", "type": "double"}})  # fmt: skip
    structured = json.dumps({**ATTRIBUTES, "data": "21.5"}).encode()
    assert decode(reads, b"21.5", structured, headers=[binary(), STRUCTURED]) == ([("a", AT, 21.5)] * 2, {})
    lines = contract(EVENT, format="influx", rows="data.fields.*", fields={
        "tag": {"join": ["^.subject", {"from": "member"}], "type": "string", "required": True},
        "value": {"path": ".", "type": "double"}}, time={"path": "^.time", "unit": "iso8601"})  # fmt: skip
    rows, faults = decode(lines, b"m f=1,g=2\nbad", headers=[binary()])
    assert sorted(rows) == [("a.f", AT, 1.0), ("a.g", AT, 2.0)]
    assert faults == {2: Code.NOT_LINE_PROTOCOL}


READING = json.dumps({"tag": "a", "ts": MS, "value": 1.5}).encode()


def test_compressed_messages_are_read_whatever_the_format() -> None:
    reads = contract("{format: json, compression: gzip, max_bytes: 1000}")
    values = [
        gzip.compress(READING),
        READING,
        None,
        gzip.compress(bytes(2000)),
        gzip.compress(READING) * 2,
        b"",
        gzip.compress(READING),
    ]
    rows, faults = decode(reads, *values)
    assert rows == [("a", AT, 1.5)] * 2
    assert faults == {
        1: Code.NOT_COMPRESSED, 2: Code.NULL_PAYLOAD, 3: Code.INFLATES_TOO_LARGE, 4: Code.TRAILING_BYTES,
        5: Code.EMPTY_PAYLOAD,
    }  # fmt: skip
    many = contract("{format: json_array, compression: zlib}")
    values = [zlib.compress(b"[" + READING + b"," + READING + b"]"), b"x", zlib.compress(b"[" + READING + b"]")]
    assert decode(many, *values) == ([("a", AT, 1.5)] * 3, {2: Code.NOT_COMPRESSED})


def test_a_header_may_name_the_compression() -> None:
    reads = contract("{format: json, compression: {header: content-encoding}}")
    headers: list[Headers] = [(("content-encoding", b"gzip"),), (), (("content-encoding", b"br"),)]
    rows, faults = decode(reads, gzip.compress(READING), READING, READING, headers=headers)
    assert (rows, faults) == ([("a", AT, 1.5)] * 2, {2: Code.UNKNOWN_COMPRESSION})


def test_what_is_inflated_is_decoded_in_pieces() -> None:
    reads = contract("{format: json_lines, compression: zlib}")
    large = READING + b" " * 900_000
    messages = [
        zlib.compress(large),
        b"x",
        zlib.compress(large + b"\n" + READING),
        zlib.compress(large),
        zlib.compress(READING),
    ]
    rows, faults = decode(reads, *messages * 2)
    assert rows == [("a", AT, 1.5)] * 10
    assert faults == {1: Code.NOT_COMPRESSED, 7: Code.NOT_COMPRESSED}


CONTRACTS = {
    "text": "{fields: {tag: {path: ., type: string, required: true}, value: {constant: 1, type: double}},"
    " time: {from: record_time}}",
    "influx": INFLUX, "xml": XML, "hl7": HL7, "protobuf": PROTOBUF, "protobuf_registry": PROTOBUF,
    "sparkplug_b": SPARKPLUG,
}  # fmt: skip
SCHEMAS: dict[int, str | Schema] = {
    1: Schema(PROTO, kind="PROTOBUF"),
    2: Schema("{}", kind="JSON"),
    3: json.dumps(AVRO),
}
ALL = GivenSchemas(SCHEMAS)
ODD = (b"\0\0\0\0\3", b"MSH|^~\\&|", b"<a>", b'{"a":[{}]}')


@pytest.mark.parametrize("name", FORMAT_FACTS)
@pytest.mark.parametrize("around", [{}, {"envelope": "cloudevents"}, {"compression": {"header": "content-encoding"}}])
@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.none() | st.binary(max_size=40) | st.sampled_from([b"\0\0\0\0\3", b"MSH|^~\\&|", b"<a>", b'{"a":[{}]}']),
        max_size=4,
    ),
    st.sampled_from([(), binary(), STRUCTURED, (("content-encoding", b"gzip"),)]),
)
def test_no_message_raises_and_each_has_a_row(
    name: str, around: dict[str, Any], values: list[bytes | None], header: Headers
) -> None:
    if around and name == "json_array" and "envelope" in around:
        return
    more = {"schema": "p.proto", "message": "Batch"} if FORMAT_FACTS[name].compiled else {}
    reads = contract(CONTRACTS.get(name, "{}"), format=name, **around, **more)
    times = np.full(len(values), MS)
    messages = Messages(values, headers=[header] * len(values), topics="t", times=times)
    decoded = Decoder(reads, clock=lambda: 1.8e9, schemas=ALL).decode(messages)
    rows = len(decoded.columns["tag"])
    assert all(0 <= i < rows for i in decoded.faults)
    if decoded.message is None:
        assert rows == len(values)
    else:
        assert set(decoded.message.tolist()) == set(range(len(values)))
