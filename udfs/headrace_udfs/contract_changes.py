"""The part of a contract that says how messages describe changes of rows, as Debezium's and Maxwell's do."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from headrace_udfs.contract_checks import Located
from headrace_udfs.contract_parts import FieldSpec
from headrace_udfs.format_names import FORMAT_FACTS
from headrace_udfs.paths import JsonPath, Path
from headrace_udfs.places import Model, places
from headrace_udfs.types import ContractType

OPERATION, ORDER, DELETED = "src_op", "src_order", "src_deleted"

COLUMNS: Mapping[str, ContractType] = MappingProxyType({OPERATION: "string", ORDER: "string"})
"""The columns of a change that a reading does not have: what it did, and a text that sorts as its source did."""

INSERT, UPDATE, DELETE, READ, UPSERT = "insert", "update", "delete", "read", "upsert"
"""What a change does to its row. READ is a row of a snapshot, UPSERT an insert or an update."""


class Envelope(NamedTuple):
    """Where an envelope has the operation, the row after a change, and that before a deletion."""

    operation: Path
    after: Path
    before: Path


ENVELOPES: Mapping[str, Envelope] = MappingProxyType(
    {
        "debezium": Envelope(("op",), ("after",), ("before",)),
        "maxwell": Envelope(("type",), ("data",), ("data",)),
        "rows": Envelope((), (), ()),
    }
)


def _paths(value: object) -> object:
    return tuple(value) if isinstance(value, list) else (value,) if isinstance(value, str) else value


_ORDER_SCHEMA = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}
_TEXTS_SCHEMA = {"type": "array", "items": {"type": ["string", "number", "boolean"]}, "minItems": 1}


def _texts(value: object) -> object:
    if not isinstance(value, list | tuple) or not all(isinstance(each, str | int | float) for each in value):
        return value
    return tuple(str(each).lower() if isinstance(each, bool) else str(each) for each in value)


class Deleted(Model):
    """What says that a row is deleted, if its message still has the row."""

    path: JsonPath
    """Path in the row."""
    values: Annotated[tuple[str, ...], BeforeValidator(_texts), WithJsonSchema(_TEXTS_SCHEMA)] = Field(min_length=1)
    """The values that mean it, like [X] or [true]."""


class Changes(Model):
    """How messages describe changes of rows."""

    envelope: Literal["debezium", "maxwell", "rows"]
    """debezium and maxwell as these programs write them; with rows, each message is the row as it is now, and one
    without a value deletes the row of its key."""
    order: Annotated[tuple[JsonPath, ...], BeforeValidator(_paths), WithJsonSchema(_ORDER_SCHEMA)] = ()
    """Path in the message to the position in the source's log, like source.lsn, or a list of paths. Without it, the
    order of a partition is that of the changes."""
    deleted: Deleted | None = None
    """With envelope: rows, what says that a row is deleted."""

    @model_validator(mode="after")
    def _deletions_are_said_once(self) -> Changes:
        if self.deleted and self.envelope != "rows":
            raise ValueError(f"{self.envelope} says itself which rows are deleted; leave deleted: out")
        return self

    @property
    def parts(self) -> Envelope:
        """Where the envelope has what."""
        return ENVELOPES[self.envelope]


def faults(changes: Changes, format_: str, rows: Any, envelope: str | None) -> list[Located]:
    """Return what a contract with these changes cannot have."""
    found: list[Located] = []
    if rows is not None:
        found.append((("rows",), "a message is one change of one row; leave rows: out"))
    if envelope is not None:
        found.append((("envelope",), "changes: has the envelope of a change stream; leave the other one out"))
    facts = FORMAT_FACTS[format_]
    if facts.many or (facts.untyped and changes.envelope != "rows"):
        found.append((("format",), f"a message of {format_} is not one change in an envelope; json or avro can be"))
    return found


def of_fields(fields: Mapping[str, FieldSpec]) -> list[Located]:
    """Return the fields that read what no change has."""
    return [
        ((name,), "a change is one row, which has no member: or index: of its own; read a path")
        for name, field in fields.items()
        if any(place.from_ in ("member", "index") for place in places(field))
    ]
