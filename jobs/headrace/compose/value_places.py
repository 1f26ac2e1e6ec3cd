"""Where a template may put a value: only where SQL takes a literal or an identifier, as a token of its own.

Between quotes the quotes of the literal would close those of the author, and the rest of the value would be SQL. In a
comment a value is harmless as long as the comment ends where the author ends it.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from headrace.compose.source_map import ValuePlace, values
from headrace.errors import Problem

_QUOTED = r"'(?:[^']|'')*'?|\"(?:[^\"]|\"\")*\"?|`(?:[^`]|``)*`?"
# Flink's hints, /*+ ... */, consist of tokens, and `//` begins a comment.
_FLINK = re.compile(rf"(?P<quoted>{_QUOTED})|(?P<line>--[^\n]*|//[^\n]*)|(?P<block>/\*(?!\+))")
# A `$` within a word quotes nothing, so words are read too.
_DUCKDB = re.compile(
    r"(?P<quoted>[eE]'(?:\\.|''|[^'\\])*'?|\$(?P<tag>(?:[^\W\d]\w*)?)\$.*?(?:\$(?P=tag)\$|\Z)"
    rf"|{_QUOTED})|(?P<word>[^\W\d][\w$]*)|(?P<line>--[^\n]*)|(?P<block>/\*)",
    re.DOTALL,
)
# DuckDB reads the sign of a number as the end of such an operator.
_OPERATOR = re.compile(r"[~!@#%^&|?][-+*/<>=~!@#%^&|?]*$")
_BLOCK_ENDS = re.compile(r"/\*|\*/")
_BETWEEN_QUOTES = (
    "a value stands between quotes, but it already is a literal or an identifier with quotes of its own",
    "remove the quotes around {{ ... }}; to add text to a value, write {{ ... }} || '...'",
)
_IN_COMMENT = (
    "a value ends the comment that it stands in",
    "move {{ ... }} out of the comment, or use {# ... #}, which leaves no trace in the SQL",
)
_JOINED = (
    "a value is joined to the text next to it, which makes another literal or name of both",
    "put a space between them; to add text to a value, write {{ ... }} || '...'; to build a name, "
    "write {{ ('a_' ~ ...) | ident }}",
)


@dataclass(frozen=True)
class _Region:
    """Text between quotes (`opening` 1) or a comment (2), which is `sql[start:end]`."""

    start: int
    end: int
    opening: int
    closing: int


Scan = Callable[[str], Iterator[_Region]]


def misplaced(marked: str, scan: Scan) -> dict[int, Problem]:
    """Return what is wrong with the first value of each line of the template that is not a token of its own."""
    problems: dict[int, Problem] = {}
    sql, places = values(marked)
    places = [place for place in places if place.start < place.end]
    regions = list(scan(sql)) if places else []
    starts, ends = [each.start for each in regions], [each.end for each in regions]
    for place in places:
        around, last = bisect_right(ends, place.start), bisect_left(starts, place.end) - 1
        if around < len(regions) and starts[around] < place.start:
            fault = _fault_within(regions[around], place)
        elif last >= around and ends[last] > place.end:
            fault = _JOINED
        else:
            joined = _touches_a_word(sql, place) or _continues_a_text(sql, place, regions[:around])
            fault = _JOINED if joined else None
        if fault:
            what, fix = fault
            problems.setdefault(place.line, Problem(what, fix=fix))
    return problems


def in_flink(sql: str) -> Iterator[_Region]:
    """Yield the quoted texts and the comments of SQL that Flink reads."""
    return _regions(sql, _FLINK, nested=False)


def in_duckdb(sql: str) -> Iterator[_Region]:
    """Yield the quoted texts and the comments of SQL that DuckDB reads."""
    return _regions(sql, _DUCKDB, nested=True)


def _regions(sql: str, begin: re.Pattern[str], *, nested: bool) -> Iterator[_Region]:
    at = 0
    while match := begin.search(sql, at):
        at, kind = match.end(), match.lastgroup
        if kind == "block":
            at, closing = _end_of_block(sql, at, nested=nested)
            yield _Region(match.start(), at, 2, closing)
        elif kind == "line":
            yield _Region(match.start(), at, 2, 0)
        elif kind == "quoted":
            yield _Region(match.start(), at, 1, 1)


def _end_of_block(sql: str, at: int, *, nested: bool) -> tuple[int, int]:
    depth = 1
    for match in _BLOCK_ENDS.finditer(sql, at):
        if match[0] == "*/":
            depth -= 1
        elif nested:
            depth += 1
        if not depth:
            return match.end(), 2
    return len(sql), 0


def _fault_within(region: _Region, place: ValuePlace) -> tuple[str, str] | None:
    """Return what is wrong with a value inside a region, and its fix; None if it stays within a comment."""
    if region.opening == 1:
        return _BETWEEN_QUOTES
    if region.start + region.opening > place.start:
        return _JOINED
    return None if place.end <= region.end - region.closing else _IN_COMMENT


def _touches_a_word(sql: str, place: ValuePlace) -> bool:
    text = sql[place.start : place.end]
    before, after = sql[place.start - 1 : place.start], sql[place.end : place.end + 1]
    prefix = sql[max(0, place.start - 8) : place.start]
    if prefix[-2:].upper() == "U&" or (text[0] == "-" and _OPERATOR.search(prefix)):
        return True
    return _meet(before, text[0]) or _meet(after, text[-1])


def _continues_a_text(sql: str, place: ValuePlace, before: Sequence[_Region]) -> bool:
    """Return whether a text comes right before a text: SQL reads the two as one, also across lines and comments."""
    if sql[place.start] != "'":
        return False
    end = place.start
    for region in reversed(before):
        if sql[region.end : end].strip():
            return False
        if region.opening == 1:
            return sql[region.end - 1] == "'"
        end = region.start
    return False


def _meet(outside: str, own: str) -> bool:
    """Return whether a lexer could read the character outside a value and the value's own as one token."""
    if not outside:
        return False
    if outside == ".":
        return own.isdigit() or own in "'-"
    wordlike = outside.isalnum() or outside in "_$'\"`"
    return wordlike and (own.isalnum() or own in "_$'\"`")
