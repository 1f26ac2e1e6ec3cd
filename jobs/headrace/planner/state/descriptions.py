"""Parse Flink's one-line descriptions of operators, like `Calc(select=[a, b], where=[(a > 1)])`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from headrace_udfs.durations import duration

_MILLISECONDS = re.compile(r"(\d+):INTERVAL (?:DAY|HOUR|MINUTE|SECOND)(?: TO \w+)?")
_QUOTES = "'`"
_CLOSES = {"(": ")", "[": "]", "{": "}"}
_SHORTER = (
    (re.compile(r"_UTF-16LE(?=')"), ""),
    (re.compile(r"""(?<='):VARCHAR\(\d+\) CHARACTER SET "UTF-16LE\""""), ""),
    (re.compile(r"VARCHAR\(2147483647\)"), "STRING"),
    (re.compile(r"TIMESTAMP_WITH_LOCAL_TIME_ZONE"), "TIMESTAMP_LTZ"),
    (re.compile(r"TIMESTAMP(\(\d\)) WITH LOCAL TIME ZONE"), r"TIMESTAMP_LTZ\1"),
    (re.compile(r"\$cor\d+"), "$cor"),
    # The name of a window: the only quotation mark without a counterpart.
    (re.compile(r"'w\$"), "w$"),
)


def attributes(text: str) -> dict[str, str]:
    """Return the `key=[value]` pairs of a description, or of a part of one like `TUMBLE(size=[1 h])`, by key."""
    _, _, inner = _shorter(text).partition("(")
    values = {}
    for part in split(inner.removesuffix(")"), ", "):
        key, equals, value = part.partition("=")
        if equals and value.startswith("["):
            values[key.strip()] = value[1:-1].strip()
    return values


def row(kind: Any) -> dict[str, str]:
    """Return the columns of a row type in a plan's JSON, and their types."""
    if isinstance(kind, str):
        inner = _shorter(kind).removeprefix("ROW<").removesuffix(" NOT NULL").removesuffix(">")
        return dict(field[1:].split("` ", 1) for field in split(inner, ", ", {**_CLOSES, "<": ">"}))
    return {field["name"]: _type(field["fieldType"]) for field in kind["fields"]}


def split(text: str, separator: str, brackets: Mapping[str, str] = _CLOSES) -> list[str]:
    """Split `text` at each `separator` outside brackets and quotation marks; an empty text has no parts."""
    parts, start = [], 0
    for place in _outside(text, brackets):
        if place >= start and text.startswith(separator, place):
            parts.append(text[start:place])
            start = place + len(separator)
    return [part for part in (*parts, text[start:]) if part]


def items(text: str) -> list[str]:
    """Return the items of a list."""
    return [item.strip() for item in split(text, ",")]


def conjuncts(condition: str) -> list[str]:
    """Return the parts of a condition that AND joins, without the brackets around the whole."""
    while condition.startswith("(") and len(split(f"{condition} ", " ")) == 1:
        condition = condition[1:-1]
    parts = split(condition, " AND ")
    return [condition] if len(parts) == 1 else [inner for part in parts for inner in conjuncts(part)]


def alias(expression: str) -> tuple[str, str]:
    """Split `a + 1 AS b` into ("a + 1", "b"); a column without an alias has its own name."""
    value, *named = split(expression, " AS ")
    return value, named[-1] if named else value


def _shorter(text: str) -> str:
    for pattern, short in _SHORTER:
        text = pattern.sub(short, text)
    return _MILLISECONDS.sub(lambda match: duration(timedelta(milliseconds=int(match[1]))), text)


def _type(kind: Any) -> str:
    """Return the name of a type. The type of a column with a watermark is a mapping, not a text."""
    return _shorter(f"{kind['type']}({kind.get('precision', 0)})" if isinstance(kind, dict) else kind)


def _outside(text: str, brackets: Mapping[str, str]) -> Iterator[int]:
    """Yield the positions in `text` that are outside brackets and quotation marks."""
    open_: list[str] = []
    quoted = ""
    for place, sign in enumerate(text):
        if not open_ and not quoted:
            yield place
        if quoted or sign in _QUOTES:
            quoted = "" if sign == quoted else quoted or sign
        elif sign in brackets:
            open_.append(brackets[sign])
        elif open_ and sign == open_[-1]:
            open_.pop()
