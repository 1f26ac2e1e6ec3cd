"""Where in a template a place of its rendered SQL stands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from headrace.compose.source_map import Rendered

_TAG = re.compile(r"({{.*?}}|{%.*?%}|{#.*?#})")


@dataclass(frozen=True)
class Spot:
    """A line and a column of a template, from 1. `own`: the author wrote what stands there, no call put it in."""

    line: int
    column: int
    own: bool


def spot(template: list[str], rendered: Rendered, line: int, column: int) -> Spot:
    """Where `line` and `column` of the SQL come from in the template's lines; what a tag put in, at its start."""
    number = rendered.template_line(line)
    made = rendered.sql.split("\n")[min(line, len(rendered.lines)) - 1]
    written = template[number - 1]
    first = _TAG.search(written)
    nearest = first.start() + 1 if first else 1
    for written_at, made_at, length in _own_text(written, made):
        if made_at <= column - 1 < made_at + length:
            return Spot(number, written_at + column - made_at, own=True)
        if made_at < column:
            nearest = written_at + length + 1
    return Spot(number, nearest, own=False)


def _own_text(written: str, made: str) -> Iterator[tuple[int, int, int]]:
    """The pieces of a template's line between its tags: where each starts there and in the SQL, and how long it is."""
    written_at = made_at = 0
    pieces = _TAG.split(written)
    for place, piece in enumerate(pieces):
        text = piece if place else piece.lstrip() if not made.startswith(piece) else piece
        found = made.rfind(text) if text and place == len(pieces) - 1 else made.find(text, made_at)
        if place % 2 == 0 and text and found >= made_at:
            yield written_at + len(piece) - len(text), found, len(text)
            made_at = found + len(text)
        written_at += len(piece)
