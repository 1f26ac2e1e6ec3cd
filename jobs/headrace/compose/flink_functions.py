"""Names of the built-in functions of Flink SQL, and the words that it reserves."""

from __future__ import annotations

from functools import cache
from pathlib import Path

_HERE = Path(__file__).parent


@cache
def flink_functions() -> frozenset[str]:
    """Return the names of Flink's built-in functions, in lower case."""
    return _words("flink_functions.txt")


@cache
def reserved_words() -> frozenset[str]:
    """Return the words that need backquotes as names, in lower case."""
    return _words("flink_reserved.txt")


def _words(file: str) -> frozenset[str]:
    lines = (_HERE / file).read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if not line.startswith("#"))
