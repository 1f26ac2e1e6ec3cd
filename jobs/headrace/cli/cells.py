"""Values of tables as text, and as JSON has them."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Any


def text(value: Any) -> str:
    """One cell: nothing for null, ISO-8601 for a time."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return value.isoformat()
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)


def finite(value: Any) -> Any:
    """The value, null for what JSON has no word for: NaN and the infinities."""
    return None if isinstance(value, float) and not math.isfinite(value) else value
