"""Damage that real links and gateways do to messages, and the dead-letter code that each kind must produce."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from headrace_udfs.faults import Code


@dataclass(frozen=True)
class Damage:
    """One kind of damage. `apply` takes a good payload and returns it damaged; None stands for a tombstone."""

    code: Code
    apply: Callable[[bytes], bytes | None]


def _set(field: bytes, text: bytes) -> Callable[[bytes], bytes]:
    """Return a function that replaces the value of a field with `text`."""
    value = re.compile(rb'"%s":("[^"]*"|[^,}]*)' % field)
    return lambda payload: value.sub(b'"%s":%s' % (field, text), payload, count=1)


def _add(text: bytes) -> Callable[[bytes], bytes]:
    """Return a function that adds the member `text` to a JSON object."""
    return lambda payload: payload[:-1] + b"," + text + b"}"


DAMAGES = (
    Damage(Code.NULL_PAYLOAD, lambda _: None),
    Damage(Code.EMPTY_PAYLOAD, lambda _: b""),
    Damage(Code.NOT_UTF8, _set(b"tag", b'"R80711.\xff\xfe"')),
    Damage(Code.NOT_JSON, lambda payload: payload[: len(payload) // 2]),
    Damage(Code.NOT_AN_OBJECT, lambda payload: b"[" + payload + b"]"),
    Damage(Code.MISSING_FIELD, lambda payload: payload.replace(b'"tag":', b'"Tag":')),
    Damage(Code.NULL_FIELD, _set(b"tag", b"null")),
    Damage(Code.WRONG_TYPE, _set(b"value", b'"Bad Input"')),
    Damage(Code.OUT_OF_RANGE, _set(b"value", b"-9999999")),
    Damage(Code.NAN, _set(b"value", b"NaN")),
    Damage(Code.INFINITY, _set(b"value", b"-Infinity")),
    Damage(Code.NUMBER_OVERFLOW, _set(b"value", b"1e400")),
    Damage(Code.INTEGER_TOO_LARGE, _set(b"value", b"9007199254740993")),
    Damage(Code.TIME_MISSING, _set(b"ts", b"null")),
    Damage(Code.TIME_INVALID, _set(b"ts", b'"yesterday"')),
    Damage(Code.TIME_BEFORE_BOUNDS, _set(b"ts", b"0")),
    Damage(Code.TIME_AFTER_BOUNDS, _set(b"ts", b"4070908800000")),
    Damage(Code.UNKNOWN_QUALITY, _set(b"q", b"70000")),
    Damage(Code.DUPLICATE_KEY, _add(b'"value":0')),
    Damage(Code.NESTED_TOO_DEEP, _add(b'"meta":' + b"[" * 10_000 + b"]" * 10_000)),
)
"""Every kind of damage to a message of ordinary size."""

OVERSIZED = Damage(Code.PAYLOAD_TOO_LARGE, _add(b'"meta":"' + b"x" * 10_000_000 + b'"'))
"""A message of more than 10 MB."""
