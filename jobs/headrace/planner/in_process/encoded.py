"""Messages of a test case for a binary format: JSON becomes a message, by the schema of the case or of the contract."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path
from typing import Any

from fastavro import parse_schema, schemaless_writer
from google.protobuf import json_format
from google.protobuf.descriptor import Descriptor
from google.protobuf.message_factory import GetMessageClass

from headrace.errors import Place, UserError
from headrace_udfs.contract import Contract
from headrace_udfs.formats import sparkplug_b_schema
from headrace_udfs.formats.avro_schema import AvroSchema, Unfit
from headrace_udfs.formats.protobuf_schema import BadProto, ProtobufSchema, compiled
from headrace_udfs.schemas import Schema

NUMBER = 1
"""Id of the schema in a test case."""

SUFFIXES = {"avro": ".avsc", "protobuf_registry": ".proto", "json_registry": ".schema.json"}
"""How the file of the schema that a case holds for a source ends, by the source's format."""

_KINDS = {"avro": "AVRO", "protobuf_registry": "PROTOBUF", "json_registry": "JSON"}
_HEAD = bytes([0, *NUMBER.to_bytes(4, "big")])


def schema(contract: Contract, path: Path) -> Schema:
    """Return the schema in a file of the case, as a registry would."""
    return Schema(path.read_text(encoding="utf-8"), kind=_KINDS[contract.format])


def message(value: bytes | None, contract: Contract, path: Path | None) -> bytes | None:
    """Return a message's value in the contract's format if that is binary; unchanged if it is not JSON that fits.

    path: the schema that the case holds for the source. Protobuf is written as JSON is mapped to it, and is of the
    schema's first type if the contract names none. Raises UserError for an invalid schema.
    """
    if value is None or contract.envelope or contract.compression:
        return value
    if contract.format == "avro" and path:
        return _avro(value, path)
    if contract.format == "json_registry" and path:
        return _HEAD + value if _is_json(value) else value
    if contract.format == "protobuf_registry" and path:
        body = _protobuf(value, _read(path).at([0]))
        return value if body is None else _HEAD + b"\0" + body
    descriptor = _type_of(contract)
    body = _protobuf(value, descriptor) if descriptor else None
    return value if body is None else body


def _type_of(contract: Contract) -> Descriptor | None:
    if contract.format == "sparkplug_b":
        return sparkplug_b_schema.payload()
    if contract.descriptors is None or contract.message is None:
        return None
    return ProtobufSchema(contract.descriptors).message(contract.message)


def _avro(value: bytes, path: Path) -> bytes:
    try:
        text = path.read_text(encoding="utf-8")
        AvroSchema(Schema(text))
        # Not what is decoded: to leave a field out, its default has to be there.
        parsed = parse_schema(_without_logical_types(json.loads(text)))
    except (Unfit, UnicodeDecodeError) as error:
        raise UserError(str(error), Place.of(path)) from None
    stream = BytesIO()
    try:
        schemaless_writer(stream, parsed, json.loads(value), strict_allow_default=True)
    except Exception:  # of any kind: such a line becomes a dead letter
        return value
    return _HEAD + stream.getvalue()


def _without_logical_types(schema: Any) -> Any:
    """Return a schema whose times and decimals are the numbers and bytes that stand for them."""
    if isinstance(schema, dict):
        return {key: _without_logical_types(each) for key, each in schema.items() if key != "logicalType"}
    return [*map(_without_logical_types, schema)] if isinstance(schema, list) else schema


def _read(path: Path) -> ProtobufSchema:
    try:
        return ProtobufSchema(compiled(path))
    except BadProto as error:
        raise UserError(str(error), Place.of(path)) from None


def _protobuf(value: bytes, descriptor: Descriptor) -> bytes | None:
    """Return JSON as a message of a type; None if it does not fit, and so becomes a dead letter."""
    try:
        return bytes(json_format.ParseDict(json.loads(value), GetMessageClass(descriptor)()).SerializeToString())
    except (ValueError, json_format.ParseError):
        return None


def _is_json(value: bytes) -> bool:
    try:
        json.loads(value)
    except ValueError:
        return False
    return True
