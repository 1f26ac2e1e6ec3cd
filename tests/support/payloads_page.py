"""The examples of docs/payloads.md: the products' messages with their readings, and those of its first sections."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from support import ROOT

PAGE = (ROOT / "docs" / "payloads.md").read_text(encoding="utf-8")
NEW_SOURCE = PAGE.split("\n## A new source\n")[1].split("\n## ")[0]
FIRST = PAGE.split("\n## From a message to readings\n")[1].split("\n## ")[0]
SECTIONS = PAGE.split("\n## Products\n")[1].split("\n## ")[0].split("\n### ")[1:]
_TABLE = re.compile(r"\| tag \| ts \| value \| text \| quality \|\n\|---\|---\|---\|---\|---\|\n((?:\|.*\n?)+)")


@dataclass(frozen=True)
class Product:
    """A section of the page: its preset, its messages as lines of a file, and the cells of its readings."""

    preset: str
    messages: list[str]
    readings: list[list[str]]


def found(pattern: str, text: str) -> str:
    """Return the first group of the pattern in the text, which has it."""
    match = re.search(pattern, text, re.DOTALL)
    assert match, pattern
    return match[1]


def products() -> list[Product]:
    """Return what the page shows of each product."""
    return [
        Product(found(r"`preset: (\w+)`", text), [*_messages(text)], cells(found(_TABLE.pattern, text)))
        for text in SECTIONS
    ]


def cells(table: str) -> list[list[str]]:
    """Return the cells of the rows of a table in Markdown, without marks of code."""
    split = [re.split(r"(?<!\\)\|", row)[1:-1] for row in table.splitlines()]
    return [[cell.strip().strip("`").replace("\\|", "|") for cell in row] for row in split]


def _messages(section: str) -> Iterator[str]:
    for language, text in re.findall(r"```(\w+)\n(.*?)```", section, re.DOTALL):
        value = json.loads(text) if language == "json" else {"$message": {"value": {"$text": text.strip()}}}
        yield json.dumps(value, ensure_ascii=False)
