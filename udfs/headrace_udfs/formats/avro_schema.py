"""A writer's Avro schema, made ready: to be read by fastavro without harm, and to be asked what stands at a path."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from fastavro import parse_schema

from headrace_udfs.schemas import Schema

_RECORDS = {"record", "error"}


class Unfit(Exception):
    """Why no contract, or not this one, can be read from a schema."""


class Branch(NamedTuple):
    """One of the types that a value can have: Avro's name of it, and what the schema says of its meaning."""

    type: str
    logical: str | None = None
    scale: int = 0

    def __str__(self) -> str:
        return f"{self.logical} ({self.type})" if self.logical else self.type


class AvroSchema:
    """A schema whose records can be read. Raises Unfit for one that is no Avro, or has no end.

    readable: what fastavro reads by. Times and decimals come out as the numbers and bytes that stand in the payload.
    """

    def __init__(self, schema: Schema) -> None:
        try:
            self.readable = parse_schema(_whole(schema))
            self._named: dict[str, Any] = {}
            self._root = _parsed(schema, self._named)
        except Exception as error:
            raise Unfit(f"the schema is no Avro: {error}") from None
        self._weights: dict[str, bool | None] = {}
        self._weighs(self._root)

    def at(self, path: Sequence[str]) -> list[Branch]:
        """What a value at the path can be, null aside; nothing where no record has it."""
        return [_branch(schema) for schema in self._at(self._root, path)]

    def _at(self, schema: Any, path: Sequence[str]) -> Iterator[Any]:
        for branch in self._branches(schema):
            if not path:
                yield branch
            elif branch["type"] == "map":
                yield from self._at(branch["values"], path[1:])
            elif branch["type"] in _RECORDS:
                for field in branch["fields"]:
                    if field["name"] == path[0]:
                        yield from self._at(field["type"], path[1:])

    def _branches(self, schema: Any) -> list[dict[str, Any]]:
        """The types that a union stands for, or the one that it is, each as an object; null aside."""
        if isinstance(schema, list):
            return [branch for each in schema for branch in self._branches(each)]
        if isinstance(schema, str):
            schema = self._named.get(schema, {"type": schema})
        if not isinstance(schema["type"], str):
            return self._branches(schema["type"])
        return [] if schema["type"] == "null" else [schema]

    def _weighs(self, schema: Any) -> bool:
        """Whether a value takes any bytes.

        fastavro follows a type within itself as deep as a payload says, until the process dies, and reads as many items
        of no bytes as a damaged count says.
        """
        alone = [self._weighs_alone(branch) for branch in self._branches(schema)]
        return isinstance(schema, list) or any(alone)

    def _weighs_alone(self, schema: dict[str, Any]) -> bool:
        if schema["type"] in _RECORDS:
            name = schema["name"]
            if name not in self._weights:
                self._weights[name] = None
                fields = [self._weighs(field["type"]) for field in schema["fields"]]
                self._weights[name] = any(fields)
            if (weight := self._weights[name]) is None:
                raise Unfit(f"'{name}' stands within itself; such schemas are not read")
            return weight
        if schema["type"] == "array" and not self._weighs(schema["items"]):
            raise Unfit("an array has items of no bytes; such schemas are not read")
        if schema["type"] == "map":
            self._weighs(schema["values"])
        return schema["type"] != "fixed" or bool(schema["size"] > 0)


def _parsed(schema: Schema, named: dict[str, Any]) -> Any:
    for text in schema.references:
        parse_schema(json.loads(text), named_schemas=named)
    return parse_schema(json.loads(schema.written), named_schemas=named)


def _whole(schema: Schema) -> Any:
    """The schema with what it refers to put in where that is named first: fastavro reads by one schema alone."""
    named: dict[str, Any] = {}
    return _filled(_parsed(schema, named), named, set())


def _filled(schema: Any, named: dict[str, Any], known: set[str]) -> Any:
    """With neither fastavro's own notes nor logical types."""
    if isinstance(schema, list):
        return [_filled(each, named, known) for each in schema]
    if isinstance(schema, str):
        return schema if schema in known or schema not in named else _filled(named[schema], named, known)
    if "name" in schema and schema["type"] in {*_RECORDS, "enum", "fixed"}:
        known.add(schema["name"])
    made = {key: value for key, value in schema.items() if not key.startswith("__") and key != "logicalType"}
    for key in ("items", "values"):
        if key in made:
            made[key] = _filled(made[key], named, known)
    if schema["type"] in _RECORDS:
        made["fields"] = [{**field, "type": _filled(field["type"], named, known)} for field in schema["fields"]]
    elif not isinstance(schema["type"], str):
        made["type"] = _filled(schema["type"], named, known)
    return made


def _branch(schema: dict[str, Any]) -> Branch:
    return Branch(schema["type"], schema.get("logicalType"), schema.get("scale", 0))
