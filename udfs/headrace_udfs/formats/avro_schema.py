"""A writer's Avro schema for fastavro, searchable by path. Only what is read can make it unfit."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from fastavro import parse_schema

from headrace_udfs.formats import avro_wire
from headrace_udfs.formats.avro_plain import UNREADABLE, plain
from headrace_udfs.schemas import Schema

_RECORDS = {"record", "error"}


class Unfit(Exception):
    """The schema is not supported, or does not have what the contract reads."""


class Branch(NamedTuple):
    """One of the types that a value can have: its Avro type, its logical type, and the scale of a decimal."""

    type: str
    logical: str | None = None
    scale: int = 0

    def __str__(self) -> str:
        """Return the type for a message, like `timestamp-millis (long)`."""
        return f"{self.logical} ({self.type})" if self.logical else self.type


class AvroSchema:
    """A schema whose records can be decoded.

    root: the schema. readable: the same for fastavro, without logical types: times and decimals are decoded to the
    numbers and bytes in the payload. unsafe: whether fastavro alone must not decode payloads; `check` them first.
    """

    def __init__(self, schema: Schema) -> None:
        """Parse a schema. Raises Unfit if it is invalid."""
        try:
            self.readable = parse_schema(_whole(schema))
            self._named: dict[str, Any] = {}
            self.root = _parsed(schema, self._named)
        except Exception as error:
            raise Unfit(f"the schema is not valid Avro: {error}") from None
        self.unsafe = False
        self._weights: dict[str, bool | None] = {}
        self._weighs(self.root)

    def check(self, payload: bytes, start: int) -> None:
        """Raise Refused if decoding the record that begins at `start` would take too deep a nesting, or too long."""
        avro_wire.check(payload, start, self.root, self._named)

    def at(self, path: Sequence[str]) -> list[Branch]:
        """Return the types that a value at the path can have, except null; an empty list if no record has the path."""
        return [_branch(schema) for schema in self._at(self.root, path)]

    def _at(self, schema: Any, path: Sequence[str]) -> Iterator[Any]:
        for branch in self.branches(schema):
            if not path:
                yield branch
            elif branch["type"] == "map":
                yield from self._at(branch["values"], path[1:])
            elif branch["type"] in _RECORDS:
                for field in branch["fields"]:
                    if field["name"] == path[0]:
                        yield from self._at(field["type"], path[1:])

    def branches(self, schema: Any) -> list[dict[str, Any]]:
        """Return the types of a union, or the single type of another schema, each as an object, except null."""
        if isinstance(schema, list):
            return [branch for each in schema for branch in self.branches(each)]
        if isinstance(schema, str):
            schema = self._named.get(schema, {"type": schema})
        if not isinstance(schema["type"], str):
            return self.branches(schema["type"])
        return [] if schema["type"] == "null" else [schema]

    def _weighs(self, schema: Any) -> bool:
        """Return whether a value takes any bytes. Sets `unsafe` if a type contains itself, or items have zero bytes."""
        alone = [self._weighs_alone(branch) for branch in self.branches(schema)]
        return isinstance(schema, list) or any(alone)

    def _weighs_alone(self, schema: dict[str, Any]) -> bool:
        if schema["type"] in _RECORDS:
            name = schema["name"]
            if name not in self._weights:
                self._weights[name] = None
                fields = [self._weighs(field["type"]) for field in schema["fields"]]
                self._weights[name] = any(fields)
            weight = self._weights[name]
            self.unsafe |= weight is None
            return weight is not False
        if schema["type"] == "array" and not self._weighs(schema["items"]):
            self.unsafe = True
        if schema["type"] == "map":
            self._weighs(schema["values"])
        return schema["type"] != "fixed" or bool(schema["size"] > 0)


def _parsed(schema: Schema, named: dict[str, Any]) -> Any:
    for text in schema.references:
        parse_schema(plain(json.loads(text)), named_schemas=named)
    return parse_schema(plain(json.loads(schema.definition)), named_schemas=named)


def _whole(schema: Schema) -> Any:
    """Return the schema with each referenced schema in place of its first mention: fastavro takes one schema only."""
    named: dict[str, Any] = {}
    return _filled(_parsed(schema, named), named, set())


def _filled(schema: Any, named: dict[str, Any], known: set[str]) -> Any:
    """Return the schema with references filled in, without fastavro's annotations and without logical types."""
    if isinstance(schema, list):
        return [_filled(each, named, known) for each in schema]
    if isinstance(schema, str):
        return schema if schema in known or schema not in named else _filled(named[schema], named, known)
    if "name" in schema and schema["type"] in {*_RECORDS, "enum", "fixed"}:
        known.add(schema["name"])
    filled = {key: value for key, value in schema.items() if not key.startswith("__") and key != "logicalType"}
    for key in ("items", "values"):
        if key in filled:
            filled[key] = _filled(filled[key], named, known)
    if schema["type"] in _RECORDS:
        filled["fields"] = [{**field, "type": _filled(field["type"], named, known)} for field in schema["fields"]]
    elif not isinstance(schema["type"], str):
        filled["type"] = _filled(schema["type"], named, known)
    return filled


def _branch(schema: dict[str, Any]) -> Branch:
    return Branch(schema.get(UNREADABLE, schema["type"]), schema.get("logicalType"), schema.get("scale", 0))
