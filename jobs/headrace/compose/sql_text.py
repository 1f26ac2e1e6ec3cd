"""SQL text from typed values: the only functions that turn a value into text that an engine parses."""

from __future__ import annotations

import math
import re
from datetime import timedelta
from typing import Any

from pydantic import TypeAdapter, ValidationError

from headrace_udfs.durations import Duration

_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f\ue000-\uf8ff]")
_DURATION: TypeAdapter[timedelta] = TypeAdapter(Duration)
_UNITS = {
    "DAY": timedelta(days=1),
    "HOUR": timedelta(hours=1),
    "MINUTE": timedelta(minutes=1),
    "SECOND": timedelta(seconds=1),
}


class Sql(str):
    """Text that is already SQL. Any other string in a template is a value, and is quoted."""

    __slots__ = ()


def ident(name: str | list[str] | tuple[str, ...], quote: str = "`") -> Sql:
    """Return a quoted identifier, a path of two for `a.b`; for a list, several separated by commas.

    Raises ValueError for an empty part, a control character and a value that is not text.
    """
    if isinstance(name, Sql):
        return name
    if isinstance(name, (list, tuple)) and name:
        return Sql(", ".join(ident(item, quote) for item in name))
    parts = name.split(".") if isinstance(name, str) else []
    if not parts or not all(parts) or _FORBIDDEN.search(str(name)):
        raise ValueError(f"{name!r} cannot be an identifier")
    return Sql(".".join(quote + part.replace(quote, quote * 2) + quote for part in parts))


def duckdb_ident(name: str | list[str] | tuple[str, ...]) -> Sql:
    """Return one or more identifiers as `ident` does, but quoted for DuckDB."""
    return ident(name, '"')


def literal(value: Any) -> Sql:
    """Return the literal of a str, bool, int, float or None; for a list, several separated by commas.

    A float is written in full as a DOUBLE (1.0E2): Flink reads `100.0` as a DECIMAL, whose arithmetic differs.
    Raises ValueError for values that have no SQL literal: NaN, infinities, control characters, other types.
    """
    if isinstance(value, Sql):
        return value
    if value is None:
        return Sql("NULL")
    if isinstance(value, bool):
        return Sql("TRUE" if value else "FALSE")
    if isinstance(value, int):
        if not -(2**63) <= value < 2**63:
            raise ValueError(f"{value} does not fit a BIGINT")
        return Sql(str(value))
    if isinstance(value, float):
        return _double(value)
    if isinstance(value, str):
        if match := _FORBIDDEN.search(value):
            # The text is not shown: it may be a secret.
            raise ValueError(f"a text contains the control character {match[0]!r}")
        return Sql("'" + value.replace("'", "''") + "'")
    if isinstance(value, (list, tuple)) and value:
        return Sql(", ".join(literal(item) for item in value))
    raise ValueError(f"SQL has no literal for {value!r} ({type(value).__name__})")


def number(value: Any) -> Sql:
    """Return the literal of an int or float. Raises ValueError for others: Flink would cast a text silently."""
    if isinstance(value, bool) or not isinstance(value, (int, float, Sql)) or str(value).startswith("'"):
        raise ValueError(f"{value!r} is not a number")
    return literal(value)


def duration(text: Any) -> timedelta:
    """Return the length of time of a text like 10m, as in contracts. Raises ValueError for other texts, and for 0."""
    try:
        span = _DURATION.validate_python(text)
    except ValidationError as error:
        raise ValueError(f"{text!r}: {error.errors()[0]['msg'].removeprefix('Value error, ')}") from None
    if not span:
        raise ValueError(f"{text!r} is not a valid length of time")
    return span


def interval(span: timedelta) -> Sql:
    """Return a length of time as an INTERVAL, to the millisecond. Raises ValueError beyond Flink's limit, 999 days."""
    if not timedelta() <= span < timedelta(days=1000):
        raise ValueError(f"{span} does not fit an INTERVAL, which goes from 0 to 999 days")
    for unit, size in _UNITS.items():
        count, rest = divmod(span, size)
        if not rest and count < 1000:
            return Sql(f"INTERVAL '{count}' {unit}{'(3)' if count > 99 else ''}")
    hours, seconds = divmod(span.seconds, 3600)
    clock = f"{hours:02}:{seconds // 60:02}:{seconds % 60:02}.{span.microseconds // 1000:03}"
    return Sql(f"INTERVAL '{span.days} {clock}' DAY(3) TO SECOND(3)")


def duckdb_interval(span: timedelta) -> Sql:
    """Return a length of time as an INTERVAL of DuckDB, to the microsecond."""
    return Sql(f"to_microseconds({span // timedelta(microseconds=1)})")


def _double(value: float) -> Sql:
    if not math.isfinite(value):
        raise ValueError(f"SQL has no literal for {value}")
    mantissa, _, exponent = repr(value).partition("e")
    return Sql(f"{mantissa if '.' in mantissa else f'{mantissa}.0'}E{int(exponent or 0)}")
