"""Names of the built-in functions of Flink SQL."""

from __future__ import annotations

from functools import cache
from pathlib import Path

_NAMES = Path(__file__).parent / "flink_functions.txt"


@cache
def flink_functions() -> frozenset[str]:
    """Return the names of Flink's built-in functions, in lower case."""
    lines = _NAMES.read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if not line.startswith("#"))
