"""Each format of the bench: its contract, its messages, and the loop over its best parser in Python."""

from __future__ import annotations

import csv
import io
import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import hl7
import lxml.etree
import orjson
from fastavro import parse_schema, schemaless_reader, schemaless_writer
from google.protobuf.message_factory import GetMessageClass
from line_protocol_parser import parse_line

from headrace_udfs.contract import Contract
from headrace_udfs.formats import sparkplug_b_schema
from headrace_udfs.formats.protobuf_schema import ProtobufSchema, compiled
from headrace_udfs.schemas import GivenSchemas

Reading = tuple[str, int, float]
"""Tag, milliseconds since 1970, value."""

_START = 1_700_000_000_000
_TYPES = {"tag": "string", "ts": "long", "value": "double"}
_ITEM = {"type": "record", "name": "R", "fields": [{"name": n, "type": t} for n, t in _TYPES.items()]}
_AVRO = {"type": "record", "name": "Batch", "fields": [{"name": "r", "type": {"type": "array", "items": _ITEM}}]}
_PROTO = """
syntax = "proto3";
message R { string tag = 1; int64 ts = 2; double value = 3; }
message Batch { repeated R r = 1; }
"""
_FIELDS: dict[str, Any] = {"tag": {"type": "string", "required": True}, "value": {"type": "double"}}
_TIME = {"path": "ts", "unit": "epoch_ms"}


@dataclass(frozen=True)
class Plant:
    """One format. contract: its keys. write: readings to a message. read: a message to readings, by the rival."""

    name: str
    rival: str
    contract: dict[str, Any]
    write: Callable[[Sequence[Reading]], bytes]
    read: Callable[[bytes], list[Reading]]
    largest: int = 1_000
    schemas: GivenSchemas | None = None
    compiled: bytes | None = field(default=None, repr=False)

    def opened(self) -> Contract:
        """Return the contract."""
        keys = {"description": "Bench.", "topic": "bench", "fields": _FIELDS, "time": _TIME, "key": "tag"}
        contract = Contract.model_validate({**keys, "format": self.name, **self.contract})
        return contract.with_schema(self.compiled) if self.compiled else contract


def readings(number: int) -> list[Reading]:
    """Return so many readings, with tags and values as plants have them."""
    tags = [f"plant4.line{i % 7}.press{i % 50}.force" for i in range(number)]
    return [(tag, _START + i * 10, round(i % 9973 * 0.01, 2)) for i, tag in enumerate(tags)]


def _objects(many: Sequence[Reading]) -> list[dict[str, Any]]:
    return [{"tag": tag, "ts": ts, "value": value} for tag, ts, value in many]


def _rows(objects: Sequence[Any]) -> list[Reading]:
    return [(each["tag"], each["ts"], each["value"]) for each in objects]


def _json(many: Sequence[Reading]) -> bytes:
    return orjson.dumps(_objects(many))


def _json_lines(many: Sequence[Reading]) -> bytes:
    return b"\n".join(map(orjson.dumps, _objects(many)))


def _read_json_lines(payload: bytes) -> list[Reading]:
    return _rows([*map(orjson.loads, payload.split(b"\n"))])


def _read_text(payload: bytes) -> list[Reading]:
    return [("bench", _START, float(payload.decode()))]


def _csv(many: Sequence[Reading]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([("tag", "ts", "value"), *many])
    return text.getvalue().encode()


def _read_csv(payload: bytes) -> list[Reading]:
    rows = csv.DictReader(io.StringIO(payload.decode(), newline=""))
    return [(row["tag"], int(row["ts"]), float(row["value"])) for row in rows]


def _influx(many: Sequence[Reading]) -> bytes:
    return "\n".join(f"press,tag={tag} value={value} {ts}" for tag, ts, value in many).encode()


def _read_influx(payload: bytes) -> list[Reading]:
    points = map(parse_line, payload.decode().split("\n"))
    return [(each["tags"]["tag"], each["time"], each["fields"]["value"]) for each in points]


def _xml(many: Sequence[Reading]) -> bytes:
    rows = "".join(f'<r tag="{tag}" ts="{ts}"><value>{value}</value></r>' for tag, ts, value in many)
    return f"<batch>{rows}</batch>".encode()


def _read_xml(payload: bytes) -> list[Reading]:
    root = lxml.etree.fromstring(payload, lxml.etree.XMLParser(resolve_entities=False, no_network=True))
    return [(each.get("tag"), int(each.get("ts")), float(each.findtext("value"))) for each in root.iter("r")]


def _hl7(many: Sequence[Reading]) -> bytes:
    head = r"MSH|^~\&|LAB|HOSP|||20240101120000||ORU^R01|42|P|2.5.1"
    segments = (f"OBX|1|NM|{tag}^Force^L||{value}|N|||||F|||{ts}" for tag, ts, value in many)
    return "\r".join([head, *segments]).encode()


def _read_hl7(payload: bytes) -> list[Reading]:
    segments = hl7.parse(payload.decode()).segments("OBX")
    return [(str(each[3][0][0]), int(str(each[14])), float(str(each[5]))) for each in segments]


def _protobuf() -> Plant:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bench.proto"
        path.write_text(_PROTO, encoding="utf-8")
        descriptors = compiled(path)
    batch = GetMessageClass(ProtobufSchema(descriptors).message("Batch"))

    def write(many: Sequence[Reading]) -> bytes:
        message = batch()
        for tag, ts, value in many:
            message.r.add(tag=tag, ts=ts, value=value)
        return bytes(message.SerializeToString())

    def read(payload: bytes) -> list[Reading]:
        return [(each.tag, each.ts, each.value) for each in batch.FromString(payload).r]

    contract = {"schema": "bench.proto", "message": "Batch", "rows": "r[]"}
    return Plant("protobuf", "protobuf (upb)", contract, write, read, compiled=descriptors)


def _sparkplug_b() -> Plant:
    payload_class = GetMessageClass(sparkplug_b_schema.payload())

    def write(many: Sequence[Reading]) -> bytes:
        payload = payload_class(timestamp=_START, seq=1)
        for tag, ts, value in many:
            payload.metrics.add(name=tag, timestamp=ts, datatype=10, double_value=value)
        return bytes(payload.SerializeToString())

    def read(payload: bytes) -> list[Reading]:
        metrics = payload_class.FromString(payload).metrics
        return [(each.name, each.timestamp, getattr(each, each.WhichOneof("value"))) for each in metrics]

    fields = {**_FIELDS, "tag": {**_FIELDS["tag"], "path": "name"}}
    contract = {"rows": "metrics[]", "fields": fields, "time": {**_TIME, "path": "timestamp"}}
    return Plant("sparkplug_b", "protobuf (upb)", contract, write, read)


def _avro() -> Plant:
    schema = parse_schema(_AVRO)

    def write(many: Sequence[Reading]) -> bytes:
        stream = io.BytesIO(b"\0\0\0\0\1")
        stream.seek(5)
        schemaless_writer(stream, schema, {"r": _objects(many)})
        return stream.getvalue()

    def read(payload: bytes) -> list[Reading]:
        stream = io.BytesIO(payload)
        stream.seek(5)
        record: Any = schemaless_reader(stream, schema, None)
        return _rows(record["r"])

    return Plant("avro", "fastavro", {"rows": "r[]"}, write, read, schemas=GivenSchemas({1: json.dumps(_AVRO)}))


def plants() -> Iterator[Plant]:
    """Yield the formats of the bench."""
    yield Plant("json", "orjson", {"rows": "[]"}, _json, lambda payload: _rows(orjson.loads(payload)))
    yield Plant("json_lines", "orjson", {}, _json_lines, _read_json_lines)
    by_topic = {"tag": {"from": "topic", "type": "string", "required": True}, "value": {"path": ".", "type": "double"}}
    text = {"fields": by_topic, "time": {"from": "record_time"}}
    yield Plant("text", "float()", text, lambda many: str(many[0][2]).encode(), _read_text, largest=1)
    yield Plant("csv", "csv.DictReader", {}, _csv, _read_csv)
    tagged = {"tag": {**_FIELDS["tag"], "path": "tags.tag"}, "value": {"path": "fields.value", "type": "double"}}
    influx = {"fields": tagged, "time": {**_TIME, "path": "time"}}
    yield Plant("influx", "line-protocol-parser", influx, _influx, _read_influx)
    attributes = {**_FIELDS, "tag": {**_FIELDS["tag"], "path": "@tag"}}
    xml = {"rows": "batch.r[]", "fields": attributes, "time": {**_TIME, "path": "@ts"}}
    yield Plant("xml", "lxml", xml, _xml, _read_xml)
    numbered = {"tag": {**_FIELDS["tag"], "path": "3.1"}, "value": {"path": "5", "type": "double"}}
    yield Plant("hl7", "hl7", {"rows": "OBX[]", "fields": numbered, "time": {**_TIME, "path": "14"}}, _hl7, _read_hl7)
    yield _protobuf()
    yield _sparkplug_b()
    yield _avro()
