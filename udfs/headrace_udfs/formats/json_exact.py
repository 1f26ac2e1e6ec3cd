"""Exact JSON decoding, one payload at a time.

It defines what the fast decoder must agree with, and decodes the payloads that the fast decoder cannot.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import numpy as np

from headrace_udfs.faults import Code, Refused, shown
from headrace_udfs.formats.base import too_large
from headrace_udfs.formats.json_leaves import Kind, Leaf
from headrace_udfs.types import TS

MAX_DEPTH = 64
"""The deepest nesting of objects and arrays that is decoded."""

EXACT = 2**53
"""Up to here, a double represents every whole number exactly."""

_STRINGS = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)', re.DOTALL)
_ABSENT = object()


class _NotFinite(Exception):
    """The text has NaN, Infinity or -Infinity instead of a JSON value."""


class ExactDecoder:
    """Decodes one payload at a time."""

    def __init__(self, leaves: Sequence[Leaf], max_bytes: int) -> None:
        """Prepare to decode `leaves` from payloads of at most `max_bytes`."""
        self._leaves = leaves
        self._max_bytes = max_bytes
        self._json = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_not_finite)

    def decode(self, payload: bytes | None) -> list[Any]:
        """Return one value per leaf, in order; None where the payload has none.

        Raises Refused with the first fault: of the payload, else of the first leaf that has one.
        """
        document = self.parse(payload)
        if not isinstance(document, dict):
            raise Refused(Code.NOT_AN_OBJECT, f"expected an object, found {shown(document)}")
        return [_value(leaf, document) for leaf in self._leaves]

    def parse(self, payload: bytes | None) -> Any:
        """Return the JSON value of the payload, of any type. Raises Refused if it is not exactly one JSON value."""
        text = _text(payload, self._max_bytes)
        _check_depth(text)
        try:
            return self._json.decode(text)
        except _NotFinite as error:
            literal = str(error)
            where = f"{self._leaf_of_not_finite(text)}: {literal}"
            code = Code.NAN if literal == "NaN" else Code.INFINITY
            raise Refused(code, f"{where} is not a JSON number; send null or leave the field out") from None
        except json.JSONDecodeError as error:
            near = shown(text[max(0, error.pos - 20) : error.pos + 20])
            raise Refused(Code.NOT_JSON, f"{error.msg} at character {error.pos}, near {near}") from None
        except ValueError:
            # Python does not parse a whole number of more digits than this.
            raise Refused(Code.INTEGER_TOO_LARGE, "a whole number has more than 4,300 digits") from None

    def _leaf_of_not_finite(self, text: str) -> str:
        try:
            document = json.loads(text)
            values = ((leaf, _at(leaf, document)) for leaf in self._leaves)
            return next(leaf.column for leaf, v in values if isinstance(v, float) and not math.isfinite(v))
        except (ValueError, Refused, StopIteration):
            return "outside the contract's fields"


def _text(payload: bytes | None, max_bytes: int) -> str:
    if payload is None:
        raise Refused(Code.NULL_PAYLOAD, "the message has no value")
    if len(payload) > max_bytes:
        raise Refused(*too_large(max_bytes))
    if not payload.strip(b" \t\r\n"):
        raise Refused(Code.EMPTY_PAYLOAD, f"{len(payload)} bytes, and nothing but white space")
    try:
        return payload.decode()
    except UnicodeDecodeError as error:
        byte = payload[error.start]
        raise Refused(Code.NOT_UTF8, f"byte 0x{byte:02x} at position {error.start}: {error.reason}") from None


def _check_depth(text: str) -> None:
    if text.count("{") + text.count("[") <= MAX_DEPTH:
        return
    marks = np.frombuffer(_STRINGS.sub("", text).encode("ascii", "replace"), np.uint8)
    opening = (marks == ord("{")) | (marks == ord("["))
    closing = (marks == ord("}")) | (marks == ord("]"))
    depth = int(np.max(np.cumsum(opening.astype(np.int32) - closing.astype(np.int32)), initial=0))
    if depth > MAX_DEPTH:
        raise Refused(Code.NESTED_TOO_DEEP, f"nested {depth:,} deep; the limit is {MAX_DEPTH}")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    unique = dict(pairs)
    if len(unique) < len(pairs):
        keys = [key for key, _ in pairs]
        repeated = next(key for key in unique if keys.count(key) > 1)
        raise Refused(Code.DUPLICATE_KEY, f"key {shown(repeated)} occurs {keys.count(repeated)} times in one object")
    return unique


def _not_finite(literal: str) -> NoReturn:
    raise _NotFinite(literal)


def _at(leaf: Leaf, document: Any) -> Any:
    """Return the value at the leaf's path: _ABSENT if there is none, None if it or a value on the path is null."""
    value = document
    for depth, key in enumerate(leaf.path):
        if not isinstance(value, dict):
            around = ".".join(leaf.path[:depth])
            raise Refused(Code.WRONG_TYPE, f"{leaf.column}: '{around}' is {shown(value)}, expected an object")
        value = value.get(key, _ABSENT)
        if value is None or value is _ABSENT:
            return value
    return value


def _value(leaf: Leaf, document: dict[str, Any]) -> Any:
    value = _at(leaf, document)
    if value is not None and value is not _ABSENT:
        return _TAKE[leaf.kind](leaf, value)
    if leaf.column == TS:
        what = "is null" if value is None else f"is missing (it is read from '{'.'.join(leaf.path)}')"
        raise Refused(Code.TIME_MISSING, f"the time {what}")
    if leaf.required and value is None:
        raise Refused(Code.NULL_FIELD, f"{leaf.column}: a {leaf.kind} is required, found null")
    if leaf.required:
        path = ".".join(leaf.path)
        raise Refused(Code.MISSING_FIELD, f"{leaf.column}: required, but the payload has no '{path}'")
    return None


def _wrong(leaf: Leaf, value: Any, expected: str) -> Refused:
    code = Code.TIME_INVALID if leaf.column == TS else Code.WRONG_TYPE
    return Refused(code, f"{leaf.column}: expected {expected}, found {shown(value)}")


def _string(leaf: Leaf, value: Any) -> str:
    if not isinstance(value, str):
        raise _wrong(leaf, value, "a string")
    try:
        value.encode()
    except UnicodeEncodeError:
        text = shown(value)
        raise Refused(Code.NOT_UTF8, f"{leaf.column}: a lone surrogate is not a character, in {text}") from None
    return value


def _boolean(leaf: Leaf, value: Any) -> bool:
    if not isinstance(value, bool):
        raise _wrong(leaf, value, "true or false")
    return value


def _number(leaf: Leaf, value: Any) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _wrong(leaf, value, "a number")
    if value in (math.inf, -math.inf):
        raise Refused(Code.NUMBER_OVERFLOW, f"{leaf.column}: the number is too large for a double (1.8e308)")
    return value


def _double(leaf: Leaf, value: Any) -> float:
    number = _number(leaf, value)
    if isinstance(number, int) and abs(number) > EXACT:
        text = shown(number)
        raise Refused(Code.INTEGER_TOO_LARGE, f"{leaf.column}: a double cannot hold {text} exactly (over 2^53)")
    return float(number)


def _whole(leaf: Leaf, value: Any) -> int:
    number = _number(leaf, value)
    if isinstance(number, int):
        return number
    if not number.is_integer():
        raise _wrong(leaf, value, "a whole number")
    if abs(number) > EXACT:
        raise Refused(Code.INTEGER_TOO_LARGE, f"{leaf.column}: {number!r} is not written as an exact whole number")
    return int(number)


def _long(leaf: Leaf, value: Any) -> int:
    whole = _whole(leaf, value)
    if not -(2**63) <= whole < 2**63:
        raise Refused(Code.INTEGER_TOO_LARGE, f"{leaf.column}: {shown(whole)} does not fit in 64 bits")
    return whole


def _ticks(leaf: Leaf, value: Any) -> int:
    whole = _whole(leaf, value)
    if not -(2**63) <= whole < 2**63:
        code = Code.TIME_AFTER_BOUNDS if whole > 0 else Code.TIME_BEFORE_BOUNDS
        raise Refused(code, f"{leaf.column}: {shown(whole)} does not fit in 64 bits")
    return whole


def _instant(leaf: Leaf, value: Any) -> float:
    try:
        return float(_number(leaf, value))
    except OverflowError:
        code = Code.TIME_AFTER_BOUNDS if value > 0 else Code.TIME_BEFORE_BOUNDS
        raise Refused(code, f"{leaf.column}: {shown(value)} is too large for a time") from None


_TAKE: dict[Kind, Callable[[Leaf, Any], Any]] = {
    "string": _string,
    "double": _double,
    "long": _long,
    "boolean": _boolean,
    "timestamp": _string,
    "instant": _instant,
    "ticks": _ticks,
}
