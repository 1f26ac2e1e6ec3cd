"""Values of files as values of a table's columns, strictly: what would have to be guessed is refused."""

from __future__ import annotations

import base64
import binascii
import math
import re
import struct
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from pyiceberg.types import (
    BinaryType,
    BooleanType,
    DateType,
    DecimalType,
    DoubleType,
    FloatType,
    IntegerType,
    LongType,
    PrimitiveType,
    StringType,
    TimestamptzType,
)

_WHOLE = re.compile(r"[+-]?[0-9]+")
# Python's float() and Decimal() read more than that: 1_000, spaces, and the digits of all scripts.
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
_FINER_THAN_MICROSECONDS = re.compile(r"[.,][0-9]{6}[0-9]*[1-9]")
_BITS = {IntegerType: 32, LongType: 64}

WRITTEN: Mapping[type[PrimitiveType], str] = {
    StringType: "a text",
    DoubleType: "a number, like 20.5",
    FloatType: "a number, like 20.5",
    LongType: "a whole number of 64 bits",
    IntegerType: "a whole number of 32 bits",
    BooleanType: "true or false",
    TimestamptzType: "a time with its zone, like 2024-01-01T00:00:00Z, to the microsecond at most",
    DateType: "a date, like 2024-01-01",
    DecimalType: "a number with as many digits as the column",
    BinaryType: "the bytes in base64",
}
"""How a value of each type is written."""


def from_text(text: str, kind: PrimitiveType) -> Any:
    """Return the value of a CSV cell that is not empty. Raises ValueError if it is not one of the type `kind`."""
    parse = _TEXTS.get(type(kind))
    return typed(parse(text) if parse else text, kind)


def typed(value: Any, kind: PrimitiveType) -> Any:
    """Return a value of JSON or Parquet, not None, as one of the type `kind`. Raises ValueError if it is none."""
    try:
        return _TYPED[type(kind)](value, kind)
    except (TypeError, OverflowError):
        raise ValueError(f"{value!r} is not a {kind}") from None


def _true_or_false(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError
    return text.lower() == "true"


def _decimal_number(text: str) -> float:
    if not _NUMBER.fullmatch(text):
        raise ValueError
    return float(text)


def _whole_number(text: str) -> int:
    if not _WHOLE.fullmatch(text):
        raise ValueError
    return int(text)


_TEXTS: Mapping[type[PrimitiveType], Callable[[str], Any]] = {
    BooleanType: _true_or_false,
    IntegerType: _whole_number,
    LongType: _whole_number,
    DoubleType: _decimal_number,
    FloatType: _decimal_number,
}


def _whole(value: Any, kind: PrimitiveType) -> int:
    bits = _BITS[type(kind)]
    if isinstance(value, bool) or not isinstance(value, int) or not -(2 ** (bits - 1)) <= value < 2 ** (bits - 1):
        raise ValueError
    return value


def _number(value: Any, kind: PrimitiveType) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError
    if isinstance(kind, FloatType):  # as the table keeps it, so that a file that is loaded again changes nothing
        return float(struct.unpack("<f", struct.pack("<f", value))[0])
    return float(value)


def _decimal(value: Any, kind: PrimitiveType) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise TypeError
    if isinstance(value, str) and not _NUMBER.fullmatch(value):
        raise ValueError
    number = Decimal(str(value))
    if not number.is_finite() or not isinstance(kind, DecimalType):
        raise ValueError
    _, digits, exponent = number.normalize().as_tuple()
    after = max(0, -int(exponent))
    if after > kind.scale or len(digits) + max(0, int(exponent)) - after > kind.precision - kind.scale:
        raise ValueError
    return number.quantize(Decimal(1).scaleb(-kind.scale))


def _time(value: Any, _kind: PrimitiveType) -> datetime:
    time = datetime.fromisoformat(value) if isinstance(value, str) else value
    if not isinstance(time, datetime) or time.tzinfo is None:
        raise ValueError
    if _FINER_THAN_MICROSECONDS.search(str(value)):  # of a text, or of a time with nanoseconds in Parquet
        raise ValueError
    return time.astimezone(UTC)


def _date(value: Any, _kind: PrimitiveType) -> date:
    day = date.fromisoformat(value) if isinstance(value, str) else value
    if not isinstance(day, date) or isinstance(day, datetime):
        raise TypeError
    return day


def _bytes(value: Any, _kind: PrimitiveType) -> bytes:
    if isinstance(value, bytes):
        return value
    if not isinstance(value, str):
        raise TypeError
    try:
        return base64.b64decode(value, validate=True)
    except binascii.Error:
        raise ValueError from None


def _text(value: Any, _kind: PrimitiveType) -> str:
    if not isinstance(value, str):
        raise TypeError
    value.encode()  # half of a surrogate pair, which JSON can write, is not valid text
    return value


def _boolean(value: Any, _kind: PrimitiveType) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


_TYPED: Mapping[type[PrimitiveType], Callable[[Any, PrimitiveType], Any]] = {
    StringType: _text,
    BooleanType: _boolean,
    IntegerType: _whole,
    LongType: _whole,
    DoubleType: _number,
    FloatType: _number,
    DecimalType: _decimal,
    TimestamptzType: _time,
    DateType: _date,
    BinaryType: _bytes,
}
