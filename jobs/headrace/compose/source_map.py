"""Which line of which template a line of rendered SQL came from.

Flink names a place in the SQL that it was given; its author knows only the template. So each line of template
text carries a mark (private-use characters, which no value may hold) through the rendering, whatever loops and
macros do with it; `unmark` takes the marks out again and keeps what they say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream

_OPEN, _CLOSE = "\ue000", "\ue001"
_MARK = re.compile(f"{_OPEN}(\\d+){_CLOSE}")
# Of the marks before a line's first word the last counts: the others are of lines that rendered to nothing.
_FIRST_WORD = re.compile(f"^(?:\\s*{_OPEN}(\\d+){_CLOSE})+")


class LineMarks(Extension):
    """Jinja extension that marks the start of each line of template text with its number."""

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        for token in stream:
            yield Token(token.lineno, "data", _mark(token)) if token.type == "data" else token


def _mark(token: Token) -> str:
    first, *rest = token.value.split("\n")
    return f"{_OPEN}{token.lineno}{_CLOSE}{first}" + "".join(
        f"\n{_OPEN}{token.lineno + n}{_CLOSE}{text}" for n, text in enumerate(rest, 1)
    )


@dataclass(frozen=True)
class Rendered:
    """SQL as Flink gets it; `lines[i]` is the template line that its line i + 1 came from."""

    sql: str
    lines: tuple[int, ...]

    def template_line(self, line: int) -> int:
        """The template line behind line `line` (from 1) of the SQL; the nearest one for a line past the end."""
        return self.lines[max(0, min(line, len(self.lines)) - 1)]


def unmark(marked: str) -> Rendered:
    """Split the marks from the text."""
    lines, current = [], 1
    for text in marked.split("\n"):
        found = _FIRST_WORD.match(text)
        current = int(found[1]) if found else current
        lines.append(current)
    return Rendered(_MARK.sub("", marked), tuple(lines))
