"""Flink's one-line descriptions of operators, `Calc(select=[a, b], where=[(a > 1)])`, taken apart."""

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
    # The name of a window: the only quotation mark that has no other.
    (re.compile(r"'w\$"), "w$"),
)


def attributes(text: str) -> dict[str, str]:
    """What a description, or a part of one like `TUMBLE(size=[1 h])`, has in its brackets: `key=[value]` by key."""
    _, _, inner = _shorter(text).partition("(")
    found = {}
    for part in split(inner.removesuffix(")"), ", "):
        key, equals, value = part.partition("=")
        if equals and value.startswith("["):
            found[key.strip()] = value[1:-1].strip()
    return found


def row(kind: Any) -> dict[str, str]:
    """The columns of a row type, as a plan's JSON has it, and the type of each."""
    if isinstance(kind, str):
        inner = _shorter(kind).removeprefix("ROW<").removesuffix(" NOT NULL").removesuffix(">")
        return dict(field[1:].split("` ", 1) for field in split(inner, ", ", {**_CLOSES, "<": ">"}))
    return {field["name"]: _type(field["fieldType"]) for field in kind["fields"]}


def split(text: str, separator: str, brackets: Mapping[str, str] = _CLOSES) -> list[str]:
    """`text` parted where `separator` stands in no bracket and no quotation marks; nothing of an empty text."""
    parts, start = [], 0
    for place in _outside(text, brackets):
        if place >= start and text.startswith(separator, place):
            parts.append(text[start:place])
            start = place + len(separator)
    return [part for part in (*parts, text[start:]) if part]


def items(text: str) -> list[str]:
    """The items of a list."""
    return [item.strip() for item in split(text, ",")]


def conjuncts(condition: str) -> list[str]:
    """What AND joins in a condition, less the brackets around all of it."""
    while condition.startswith("(") and len(split(f"{condition} ", " ")) == 1:
        condition = condition[1:-1]
    parts = split(condition, " AND ")
    return [condition] if len(parts) == 1 else [inner for part in parts for inner in conjuncts(part)]


def alias(expression: str) -> tuple[str, str]:
    """`a + 1 AS b` as ("a + 1", "b"); a column alone goes by its own name."""
    value, *named = split(expression, " AS ")
    return value, named[-1] if named else value


def _shorter(text: str) -> str:
    for pattern, short in _SHORTER:
        text = pattern.sub(short, text)
    return _MILLISECONDS.sub(lambda found: duration(timedelta(milliseconds=int(found[1]))), text)


def _type(kind: Any) -> str:
    """A type, less what it is to Flink beside: a time that a watermark follows has a type of mappings."""
    return _shorter(f"{kind['type']}({kind.get('precision', 0)})" if isinstance(kind, dict) else kind)


def _outside(text: str, brackets: Mapping[str, str]) -> Iterator[int]:
    """The places in `text` that are in no bracket and no quotation marks."""
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
