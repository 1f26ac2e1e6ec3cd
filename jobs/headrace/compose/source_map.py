"""The line of the template that each line of rendered SQL came from, and the places where values were put into it.

Flink reports a position in the SQL that it got; the author of a template knows only the template. Therefore each line
of template text carries a mark (private-use characters, which values cannot contain) through rendering, whatever loops
and macros do with it, and so does each value that a `{{ ... }}` puts in. `unmark` removes the marks and keeps the line
numbers; `values` returns the places of the values.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream

_OPEN, _CLOSE = "\ue000", "\ue001"
# Only the last mark before a line's first word counts: the others belong to lines that rendered to nothing.
_FIRST_WORD = re.compile(f"^(?:\\s*{_OPEN}(\\d+){_CLOSE})+")
_VALUE, _END = "\ue002", "\ue003"
_ANY_MARK = re.compile(f"{_OPEN}(?P<line>\\d+){_CLOSE}|{_VALUE}|{_END}")


class LineMarks(Extension):
    """Jinja extension that marks the start of each line of template text with its number."""

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        """Yield the tokens, with marks in those of template text."""
        for token in stream:
            yield Token(token.lineno, "data", _mark(token)) if token.type == "data" else token


def _mark(token: Token) -> str:
    first, *rest = token.value.split("\n")
    return f"{_OPEN}{token.lineno}{_CLOSE}{first}" + "".join(
        f"\n{_OPEN}{token.lineno + n}{_CLOSE}{text}" for n, text in enumerate(rest, 1)
    )


def value_mark(text: str) -> str:
    """Return the SQL that a `{{ ... }}` puts into a template, with marks around it."""
    return f"{_VALUE}{text}{_END}"


@dataclass(frozen=True)
class ValuePlace:
    """A value is `sql[start:end]` of the SQL without marks; it was put in at `line` of the template."""

    start: int
    end: int
    line: int


def values(marked: str) -> tuple[str, list[ValuePlace]]:
    """Return the text without its marks, and the places of the values in it."""
    places: list[ValuePlace] = []
    parts: list[str] = []
    line, size, start, end = 1, 0, 0, 0
    for match in _ANY_MARK.finditer(marked):
        parts.append(marked[end : match.start()])
        size, end = size + match.start() - end, match.end()
        if match["line"]:
            line = int(match["line"])
        elif match[0] == _VALUE:
            start = size
        else:
            places.append(ValuePlace(start, size, line))
    return "".join([*parts, marked[end:]]), places


@dataclass(frozen=True)
class Rendered:
    """Rendered SQL; its line i + 1 came from line `lines[i]` of the template."""

    sql: str
    lines: tuple[int, ...]

    def template_line(self, line: int) -> int:
        """Return the template line of line `line` (from 1) of the SQL; the nearest one for a line past the end."""
        return self.lines[max(0, min(line, len(self.lines)) - 1)]


def unmark(marked: str) -> Rendered:
    """Return the text without its marks, and the template line of each of its lines."""
    lines, current = [], 1
    for text in marked.split("\n"):
        match = _FIRST_WORD.match(text)
        current = int(match[1]) if match else current
        lines.append(current)
    return Rendered(_ANY_MARK.sub("", marked), tuple(lines))
