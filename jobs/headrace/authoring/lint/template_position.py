"""Map a position in rendered SQL back to the template."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from headrace.compose.source_map import Rendered

_TAG = re.compile(r"({{.*?}}|{%.*?%}|{#.*?#})")


@dataclass(frozen=True)
class TemplatePosition:
    """A line and a column of a template, counted from 1. `own`: the text is the author's, not inserted by a tag."""

    line: int
    column: int
    own: bool


def template_position(template: list[str], rendered: Rendered, line: int, column: int) -> TemplatePosition:
    """Return the template's position for a line and column of the SQL; for text inserted by a tag, the tag's start."""
    number = rendered.template_line(line)
    sql_line = rendered.sql.split("\n")[min(line, len(rendered.lines)) - 1]
    template_line = template[number - 1]
    first = _TAG.search(template_line)
    nearest = first.start() + 1 if first else 1
    for template_at, sql_at, length in _own_text(template_line, sql_line):
        if sql_at <= column - 1 < sql_at + length:
            return TemplatePosition(number, template_at + column - sql_at, own=True)
        if sql_at < column:
            nearest = template_at + length + 1
    return TemplatePosition(number, nearest, own=False)


def _own_text(template_line: str, sql_line: str) -> Iterator[tuple[int, int, int]]:
    """Yield the pieces of a template's line between its tags: start in the template, start in the SQL, length."""
    template_at = sql_at = 0
    pieces = _TAG.split(template_line)
    for place, piece in enumerate(pieces):
        text = piece if place else piece.lstrip() if not sql_line.startswith(piece) else piece
        start = sql_line.rfind(text) if text and place == len(pieces) - 1 else sql_line.find(text, sql_at)
        if place % 2 == 0 and text and start >= sql_at:
            yield template_at + len(piece) - len(text), start, len(text)
            sql_at = start + len(text)
        template_at += len(piece)
