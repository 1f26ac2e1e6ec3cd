"""Messages that name a schema of a registry, as documents of all that they hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from headrace.environment.kafka_sample import Record
from headrace_udfs.contract import Contract
from headrace_udfs.faults import Fault, Refused
from headrace_udfs.formats.avro_documents import AvroParser
from headrace_udfs.formats.documents import ITEMS, MEMBERS, Wanted
from headrace_udfs.formats.parse_registered import RegisteredJson, RegisteredProtobuf
from headrace_udfs.formats.registry_frame import HEADER, frame, schema_id
from headrace_udfs.schemas import Schemas, UnknownSchema

FORMATS = {"AVRO": "avro", "JSON": "json_registry", "PROTOBUF": "protobuf_registry"}
"""The format of a contract by the type of the schemas."""

_DEPTH = 8


def in_headers(records: Sequence[Record]) -> bool:
    """Return whether most of the messages name a schema in a header."""
    return 2 * sum(any(name == HEADER for name, _ in each.headers) for each in records) > len(records)


def documents(records: Sequence[Record], schemas: Schemas) -> tuple[str, list[Any]] | None:
    """Return the format of most of the messages, and the documents that they hold in it.

    None if the registry knows no schema that they name. Raises RegistryFailed.
    """
    kinds = Counter(kind for record in records if (kind := _kind(record, schemas)))
    if not kinds:
        return None
    format_ = FORMATS[kinds.most_common(1)[0][0]]
    parser = _parser(format_, schemas)
    found = []
    for record in records:
        try:
            document = _plain(parser.parse(record.value or b"", record.headers))
        except Refused:
            continue
        if isinstance(document, dict | list):
            found.append(document)
    return (format_, found) if found else None


def _kind(record: Record, schemas: Schemas) -> str | None:
    head = frame(record.value or b"", record.headers).head
    number = schema_id(head[: 17 if head[:1] == b"\1" else 5])  # in a header, indexes of Protobuf may follow
    try:
        return None if isinstance(number, Fault) else schemas.schema(number).kind
    except UnknownSchema:
        return None


def _parser(format_: str, schemas: Schemas) -> AvroParser | RegisteredJson | RegisteredProtobuf:
    if format_ == "json_registry":
        return RegisteredJson(schemas)
    if format_ == "protobuf_registry":
        return RegisteredProtobuf(schemas, None)
    any_contract = {
        "description": "proposed",
        "topic": "proposed",
        "format": format_,
        "fields": {"tag": {"from": "topic", "type": "string", "required": True}},
        "time": {"from": "record_time"},
        "key": "tag",
    }
    return AvroParser(schemas, Contract.model_validate(any_contract), _everything())


def _everything() -> Wanted:
    tree: dict[str, Any] = {}
    for _ in range(_DEPTH):
        tree = {MEMBERS: tree, ITEMS: tree}
    return tree


def _plain(value: Any) -> Any:
    """Return a value with numbers that JSON has, and without what no field takes."""
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items() if not isinstance(each, bytes | Fault)}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return float(value) if isinstance(value, Decimal) else value
