"""The topics of a contract: one, several, or all whose names match a pattern."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import PlainSerializer, PlainValidator, WithJsonSchema

_NAME = re.compile(r"[A-Za-z0-9._-]{1,249}")


@dataclass(frozen=True)
class TopicPattern:
    """All topics whose whole names match a regular expression (RE2), also those that are created later."""

    pattern: str

    def matching(self, names: Iterable[str]) -> list[str]:
        """Return the names that match, sorted. Kafka's own topics, which begin with two underscores, never do."""
        whole = re.compile(self.pattern)
        return sorted(name for name in names if not name.startswith("__") and whole.fullmatch(name))


def _topics(value: object) -> tuple[str, ...] | TopicPattern:
    if isinstance(value, TopicPattern | tuple):
        return value
    if isinstance(value, str) and value:
        return (value,)
    if isinstance(value, dict) and [*value] == ["pattern"] and isinstance(value["pattern"], str) and value["pattern"]:
        return _pattern(value["pattern"])
    if isinstance(value, list) and value and all(isinstance(each, str) for each in value):
        return _names(value)
    raise ValueError("write the name of a topic, a list of names, or {pattern: ...} for all whose names match")


def _pattern(pattern: str) -> TopicPattern:
    try:
        pc.match_substring_regex(pa.array([""]), pattern)
        re.compile(pattern)
    except (pa.ArrowInvalid, re.error) as error:
        raise ValueError(f"'{pattern}' is not a regular expression (RE2): {error}") from None
    return TopicPattern(pattern)


def _names(names: Sequence[str]) -> tuple[str, ...]:
    for name in names:
        if not _NAME.fullmatch(name):
            raise ValueError(f"'{name}' cannot be the name of a topic; a pattern is written {{pattern: ...}}")
        if names.count(name) > 1:
            raise ValueError(f"'{name}' is listed twice")
    return tuple(names)


_SCHEMA: dict[str, Any] = {
    "anyOf": [
        {"type": "string", "minLength": 1},
        {"type": "array", "items": {"type": "string", "minLength": 1}, "minItems": 1, "uniqueItems": True},
        {
            "type": "object",
            "properties": {"pattern": {"type": "string", "minLength": 1, "description": "Regular expression (RE2)."}},
            "required": ["pattern"],
            "additionalProperties": False,
        },
    ]
}


def _written(topics: tuple[str, ...] | TopicPattern) -> Any:
    """Return the topics as a file has them."""
    if isinstance(topics, TopicPattern):
        return {"pattern": topics.pattern}
    return topics[0] if len(topics) == 1 else list(topics)


Topics = Annotated[
    tuple[str, ...] | TopicPattern,
    PlainValidator(_topics),
    PlainSerializer(_written, return_type=Any),
    WithJsonSchema(_SCHEMA),
]
"""A field that reads a topic's name, a list of names, or {pattern: ...}."""
