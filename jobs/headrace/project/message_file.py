"""Files of Kafka messages: each line is a message, as its body alone, or as an object that describes all of it.

A line is the body of a message, byte for byte, unless it begins with `{"$message":`. Such a line describes a message:
{"$message": {"key": "o1", "value": {"order_id": "o1"}, "headers": {"site": "north"}, "time": "2024-01-01T00:00:00Z"}}
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from headrace.errors import Place, Problem, UserError, did_you_mean

WRAPPED = "$message"
"""The only key of a line that describes a message."""

Headers = Sequence[tuple[str, bytes | None]]
"""The names and bytes of headers, in their order."""

_BEGINS = re.compile(rb'\s*\{\s*"\$message"')
_KEYS = ("key", "value", "headers", "time", "partition", "topic")
_BASE64, _TEXT = "$base64", "$text"
_SHOWN = 20
"""Wrong lines that are reported one by one: a million of them are one mistake."""
_FORM = 'write {"$message": {"key": "o1", "value": {...}}}; "value": null is a message without a value'


@dataclass(frozen=True)
class FileMessage:
    """A message of a file, at its `line`, from 1. What is None is not there, or not said.

    key, value: the bytes. headers: names and bytes, in their order. time: of the record, with its zone. wrapped:
    whether the line describes the message, rather than being its body. topic: of a source that has several.
    """

    line: int
    value: bytes | None
    key: bytes | None = None
    headers: tuple[tuple[str, bytes | None], ...] = ()
    time: datetime | None = None
    partition: int | None = None
    wrapped: bool = False
    topic: str | None = None


def read(path: Path, key: str | None = None) -> Iterator[FileMessage]:
    """Yield the messages of the file, in its order; the file is read as they are taken.

    A message without a key gets the field `key` of its body, keys of JSON objects joined by dots, if it is given.

    Raises UserError for a file that cannot be read, and at the end for the lines that describe no message.
    """
    problems: list[Problem] = []
    wrong = 0
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                try:
                    found = message(line.rstrip(b"\r\n"), number)
                    if key and found.key is None:
                        found = replace(found, key=_field(found.value, key))
                except ValueError as error:
                    wrong += 1
                    if wrong <= _SHOWN:
                        problems.append(Problem(str(error), Place.of(path, number), _FORM))
                else:
                    yield found
    except OSError as error:
        raise UserError(f"cannot be read: {error.strerror}", Place.of(path)) from None
    if wrong > _SHOWN:
        problems.append(Problem(f"lines further down that describe no message: {wrong - _SHOWN:,}", Place.of(path)))
    if problems:
        raise UserError(problems)


def message(line: bytes, number: int = 1) -> FileMessage:
    """Return the message of one line, without its line break. Raises ValueError if it begins as one, and is none."""
    if not _BEGINS.match(line):
        return FileMessage(number, line)
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"not JSON: {error}") from None
    described = found[WRAPPED]
    if len(found) > 1 or not isinstance(described, dict):
        raise ValueError(f"a line with '{WRAPPED}' has no other key, and its value is an object")
    for name in described:
        if name not in _KEYS:
            raise ValueError(f"a message has no '{name}'; {did_you_mean(name, _KEYS, 'it has')}")
    if "value" not in described:
        raise ValueError("a message needs a 'value'")
    return FileMessage(
        number,
        _bytes(described["value"], "value", texts_are_json=True),
        _bytes(described.get("key"), "key"),
        tuple(_headers(described.get("headers", {}))),
        _time(described.get("time")),
        _partition(described.get("partition")),
        wrapped=True,
        topic=_topic(described.get("topic")),
    )


def line(
    key: bytes | None,
    value: bytes | None,
    headers: Headers = (),
    time: datetime | None = None,
    topic: str | None = None,
) -> str:
    """Return a message as a line of a file, without its line break; `message` reads it byte for byte."""
    described: dict[str, Any] = {} if topic is None else {"topic": topic}
    if key is not None:
        described["key"] = _described(key)
    if headers:
        described["headers"] = [[name, None if text is None else _described(text)] for name, text in headers]
    if time:
        described["time"] = time.isoformat()
    described["value"] = None if value is None else _described_value(value)
    return json.dumps({WRAPPED: described}, ensure_ascii=False)


def _described(part: bytes) -> Any:
    try:
        return part.decode()
    except UnicodeDecodeError:
        return {_BASE64: base64.b64encode(part).decode()}


def _described_value(value: bytes) -> Any:
    """Return a value as JSON if this stands for the same bytes, else as text or base64."""
    try:
        found = json.loads(value)
        if _bytes(found, "value", texts_are_json=True) == value:
            return found
    except (ValueError, RecursionError):
        pass
    text = _described(value)
    return {_TEXT: text} if isinstance(text, str) else text


def _field(body: bytes | None, path: str) -> bytes | None:
    """Return a field of a JSON body as a key. Raises ValueError if the body does not have it."""
    try:
        value = json.loads(body or b"")
    except (ValueError, RecursionError):
        raise ValueError(f"the body is not JSON: it has no '{path}' for a key") from None
    for name in path.split("."):
        if not isinstance(value, dict) or value.get(name) is None:
            raise ValueError(f"the body has no '{path}' for a key")
        value = value[name]
    return _bytes(value, "key")


def _bytes(value: Any, what: str, *, texts_are_json: bool = False) -> bytes | None:
    """Return the bytes of a part: null for none, {"$base64": ...} or {"$text": ...} as they are, all else as JSON.

    A text is itself in a key or a header, and JSON in a value: a body of plain text is {"$text": ...}.
    """
    if value is None:
        return None
    if isinstance(value, dict) and len(value) == 1:
        ((kind, text),) = value.items()
        if kind == _TEXT and isinstance(text, str):
            return text.encode()
        if kind == _BASE64 and isinstance(text, str):
            try:
                return base64.b64decode(text, validate=True)
            except (binascii.Error, ValueError) as error:
                raise ValueError(f"the {what} is not base64: {error}") from None
    if isinstance(value, str) and not texts_are_json:
        return value.encode()
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _headers(described: Any) -> Iterator[tuple[str, bytes | None]]:
    """Yield the headers of an object, or of a list of [name, value], in which a name may occur again."""
    pairs: Iterable[Any] = described.items() if isinstance(described, dict) else described
    if not isinstance(described, dict | list) or not all(
        isinstance(pair, tuple | list) and len(pair) == 2 and isinstance(pair[0], str) for pair in pairs
    ):
        raise ValueError('headers are an object, {"site": "north"}, or a list of [name, value]')
    for name, value in described.items() if isinstance(described, dict) else described:
        yield name, _bytes(value, f"header '{name}'")


def _time(text: Any) -> datetime | None:
    if text is None:
        return None
    try:
        time = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        raise ValueError(f"{text!r} is not a valid ISO-8601 time") from None
    if time.tzinfo is None:
        raise ValueError(f"the time {text} has no zone; write {text}Z")
    try:
        return time.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"the time {text} is not within the years 1 to 9999 in UTC") from None


def _topic(name: Any) -> str | None:
    if name is not None and not (isinstance(name, str) and name):
        raise ValueError(f"{name!r} is not the name of a topic")
    return name


def _partition(number: Any) -> int | None:
    if number is not None and (not isinstance(number, int) or isinstance(number, bool) or number < 0):
        raise ValueError(f"{number!r} is not a partition; partitions are numbered from 0")
    return number
