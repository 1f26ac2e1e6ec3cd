"""Values as Avro: the schema of a record with a field for each column, and its bytes."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any, NamedTuple

from fastavro import parse_schema, schemaless_reader, schemaless_writer

_TYPES: Mapping[str, Any] = {
    "string": "string",
    "double": "double",
    "float": "float",
    "long": "long",
    "int": "int",
    "boolean": "boolean",
    "timestamptz": {"type": "long", "logicalType": "timestamp-micros"},
    "date": {"type": "int", "logicalType": "date"},
    "binary": "bytes",
}
_DECIMAL = re.compile(r"decimal\((\d+), *(\d+)\)")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

Row = Mapping[str, Any]
"""Values by column: str, float, int, bool, datetime with its zone, date, Decimal, bytes or None."""


class WrittenColumn(NamedTuple):
    """A column of a message. kind: its type as files of tables and topics name it, like `decimal(10, 2)`."""

    name: str
    kind: str
    required: bool
    doc: str | None = None


def record_schema(name: str, doc: str, columns: Sequence[WrittenColumn]) -> str:
    """Return the schema of a record as JSON. A column that is not required is a union with null, its default."""
    record = {"type": "record", "name": name, "doc": doc, "fields": [_field(each) for each in columns]}
    return json.dumps(record, ensure_ascii=False)


def record_name(topic: str) -> str:
    """Return the name of a record for a topic: its own if Avro has such names, else with _ for what they cannot have.

    What is before the last dot is the namespace.
    """
    parts = [re.sub(r"[^A-Za-z0-9_]", "_", part) for part in topic.split(".")]
    return ".".join(part if is_name(part) else f"_{part}" for part in parts)


def is_name(text: str) -> bool:
    """Return whether Avro can have a record of this name, with the namespace before it."""
    return all(_NAME.fullmatch(part) for part in text.split("."))


class AvroWriter:
    """Writes rows as records of one schema, and reads them."""

    def __init__(self, schema: str) -> None:
        self._schema = parse_schema(json.loads(schema))

    def body(self, row: Row) -> bytes:
        """Return the record of a row. Raises what fastavro raises for a value that the schema does not have."""
        stream = BytesIO()
        schemaless_writer(stream, self._schema, dict(row), strict=True)
        return stream.getvalue()

    def row(self, body: bytes) -> dict[str, Any]:
        """Return the row of a record."""
        return dict(schemaless_reader(BytesIO(body), self._schema, None))  # type: ignore[arg-type]


def _field(column: WrittenColumn) -> dict[str, Any]:
    kind = _type(column.kind)
    said = {"doc": column.doc} if column.doc else {}
    if column.required:
        return {"name": column.name, "type": kind, **said}
    return {"name": column.name, "type": ["null", kind], "default": None, **said}


def _type(kind: str) -> Any:
    if match := _DECIMAL.fullmatch(kind):
        return {"type": "bytes", "logicalType": "decimal", "precision": int(match[1]), "scale": int(match[2])}
    return _TYPES[kind]
