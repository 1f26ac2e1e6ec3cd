"""Durations as the project's files write them: a whole number and a unit, like 10m."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema

_UNITS = {"ms": "milliseconds", "s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_DURATION = re.compile(r"([0-9]+)(ms|s|m|h|d)")


def _parsed(value: object) -> timedelta:
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if not match:
        raise ValueError("a duration is a whole number and ms, s, m, h or d, like 10m")
    try:
        span = timedelta(**{_UNITS[match[2]]: int(match[1])})
    except OverflowError:
        span = timedelta.max
    if span > timedelta(days=36_525):
        raise ValueError("a duration must be at most 100 years")
    return span


def duration(span: timedelta) -> str:
    """Return `span`, a whole number of milliseconds, as a file writes it: in its largest whole unit, like 10m."""
    units = ((unit, timedelta(**{name: 1})) for unit, name in reversed(_UNITS.items()))
    return next(f"{span // one}{unit}" for unit, one in units if not span % one)


Duration = Annotated[
    timedelta,
    BeforeValidator(_parsed),
    WithJsonSchema({"type": "string", "pattern": f"^{_DURATION.pattern}$"}),
]
"""A field of a model that reads a duration; at most 100 years."""
