"""Uses of a time column: windows in a FROM clause, and the order of an OVER."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlfluff.core.parser import BaseSegment

from headrace.authoring.lint import parse_tree
from headrace.authoring.lint.facts import Column, Scope

# These can order rows by any column; all other functions with an ordered OVER need a watermark.
_RANKING = ("row_number", "rank", "dense_rank")


@dataclass(frozen=True)
class Window:
    """A window over a relation, or the order of an OVER; `place` is the reference to its time column."""

    kind: str
    place: BaseSegment
    column: Column
    streams: frozenset[str]


def overs(segment: BaseSegment, scope: Scope, streams: frozenset[str]) -> Iterator[Window]:
    """Yield the ORDER BY of each OVER in a select; nothing if the columns that the select reads are unknown."""
    if any(relation.columns is None for relation in scope.relations.values()):
        return
    named = {
        parse_tree.name(parse_tree.code(window)[0]): window
        for window in parse_tree.below(segment, "named_window_expression")
    }
    for function in parse_tree.below(segment, "function"):
        over = function.get_child("over_clause")
        if over is None or parse_tree.function_name(function) in _RANKING:
            continue
        last = parse_tree.code(over)[-1]
        specified = named.get(parse_tree.name(last), over) if last.is_type(*parse_tree.NAMES) else over
        order = next(parse_tree.below(specified, "orderby_clause"), None)
        if order and (by := order.get_child("column_reference")):
            yield Window("OVER", by, scope.column(parse_tree.path(by)), streams)
