"""SQL out of typed values: the only two ways in which a value becomes text that Flink parses."""

from __future__ import annotations

import math
import re
from datetime import timedelta
from typing import Any

_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f\ue000-\uf8ff]")


class Sql(str):
    """Text that is SQL already. Any other string in a template is a value, and is quoted."""

    __slots__ = ()


def ident(name: str) -> Sql:
    """A quoted identifier; `a.b` is a path of two. Raises ValueError for an empty part or a control character."""
    parts = name.split(".")
    if not all(parts) or _FORBIDDEN.search(name):
        raise ValueError(f"{name!r} cannot be an identifier")
    return Sql(".".join("`" + part.replace("`", "``") + "`" for part in parts))


def literal(value: Any) -> Sql:
    """A literal of str, bool, int, float or None, or a comma-separated run of them for a list.

    A float is written in full as a DOUBLE (1.0E2): Flink reads `100.0` as a DECIMAL, whose arithmetic differs.
    Raises ValueError for what SQL has no literal for: NaN, infinities, control characters, other types.
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
        if found := _FORBIDDEN.search(value):
            raise ValueError(f"the text {value!r} holds the control character {found[0]!r}")
        return Sql("'" + value.replace("'", "''") + "'")
    if isinstance(value, (list, tuple)) and value:
        return Sql(", ".join(literal(item) for item in value))
    raise ValueError(f"SQL has no literal for {value!r} ({type(value).__name__})")


def interval(span: timedelta) -> Sql:
    """A duration of up to 100 years as an INTERVAL, to the millisecond. Raises ValueError for a negative one."""
    if span < timedelta():
        raise ValueError(f"{span} is no length of time")
    hours, rest = divmod(span.seconds, 3600)
    clock = f"{hours:02}:{rest // 60:02}:{rest % 60:02}.{span.microseconds // 1000:03}"
    return Sql(f"INTERVAL '{span.days} {clock}' DAY(5) TO SECOND(3)")


def _double(value: float) -> Sql:
    if not math.isfinite(value):
        raise ValueError(f"SQL has no literal for {value}")
    mantissa, _, exponent = repr(value).partition("e")
    return Sql(f"{mantissa if '.' in mantissa else f'{mantissa}.0'}E{int(exponent or 0)}")
