"""Values of tables as text for people and for CSV, and as values that JSON can hold."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any


def text(value: Any) -> str:
    """Return a value as a CSV cell: "" for null, ISO-8601 for a time."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return value.isoformat()
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)


def shown(value: Any) -> str:
    """Return a value as a cell for people: as `text`, but a time with a zone as `2026-03-01 06:00:00Z`.

    Fractions of a second are shown if there are any. Numbers have at most 12 significant digits.
    """
    if isinstance(value, float):
        return f"{value:.12g}"
    if isinstance(value, datetime) and value.tzinfo:
        fraction = "auto" if value.microsecond % 1000 else "milliseconds" if value.microsecond else "seconds"
        return f"{value.astimezone(UTC).replace(tzinfo=None).isoformat(' ', fraction)}Z"
    return text(value)


def finite(value: Any) -> Any:
    """Return the value with None for each NaN and infinity in it, which JSON cannot hold, in lists and objects too."""
    if isinstance(value, dict):
        return {name: finite(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
