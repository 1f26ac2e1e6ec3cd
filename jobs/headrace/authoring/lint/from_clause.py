"""Read a FROM clause: its relations by alias, how they are joined, and the windows over them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from sqlfluff.core.parser import BaseSegment

from headrace.authoring.lint import parse_tree
from headrace.authoring.lint.facts import NONE, Column, Relation
from headrace.authoring.lint.windows import Window

Names = Mapping[tuple[str, ...], Relation]
Read = Callable[[BaseSegment], Relation]
"""Reads a nested select as a relation."""

_WINDOWS = ("tumble", "hop", "cumulate", "session")


@dataclass(frozen=True)
class JoinedRelation:
    """A relation joined to those before it. `lookup`: it is looked up for each row (UNNEST, AS OF), without state."""

    place: BaseSegment
    alias: str
    on: tuple[BaseSegment, ...] = ()
    lookup: bool = False


@dataclass
class Origins:
    """The relations of a FROM clause by alias, its joins and its windows."""

    relations: dict[str, Relation] = field(default_factory=dict)
    joins: list[JoinedRelation] = field(default_factory=list)
    windows: list[Window] = field(default_factory=list)


def origins(clause: BaseSegment, names: Names, read: Read) -> Origins:
    """Return the relations of a FROM clause; a name that is not in `names` is an unknown relation."""
    clause_origins = Origins()
    for part, joined in _parts(clause):
        if part.is_type("match_recognize_clause"):
            clause_origins.relations = {
                "": Relation(streams=NONE.union(*(r.streams for r in clause_origins.relations.values())))
            }
            continue
        element = part.get_child("from_expression_element") if joined else part
        if element is None:
            continue
        alias, relation, lookup = _element(element, names, read, clause_origins.windows)
        alias = alias or f"#{len(clause_origins.relations)}"
        if clause_origins.relations:
            on = tuple(part.get_children("join_on_condition")) if joined else ()
            clause_origins.joins.append(JoinedRelation(part, alias, on, lookup))
        clause_origins.relations[alias] = relation
    return clause_origins


def _parts(segment: BaseSegment) -> Iterator[tuple[BaseSegment, bool]]:
    """Yield the elements and clauses of a FROM in order, including those in brackets, and whether each is a JOIN."""
    for part in parse_tree.code(segment):
        if part.is_type("from_expression", "bracketed"):
            yield from _parts(part)
        elif part.is_type("from_expression_element", "join_clause", "match_recognize_clause"):
            yield part, part.is_type("join_clause")


def _element(
    element: BaseSegment, names: Names, read: Read, windows: list[Window]
) -> tuple[str | None, Relation, bool]:
    """Return the alias, the relation, and whether the relation is looked up for each row that it joins."""
    identifier = parse_tree.alias(element)
    alias = parse_tree.name(identifier) if identifier else None
    expression = next(parse_tree.below(element, "table_expression"), element)
    reference, function = expression.get_child("table_reference"), expression.get_child("function")
    lookup = element.get_child("temporal_query") is not None
    if reference:
        path = parse_tree.path(reference)
        return alias or path[-1], names.get(path, Relation()).with_columns(parse_tree.renamed(element)), lookup
    if function:
        table = _function(function, names, read, windows)
        relation = table if table else Relation(columns={})
        return alias, relation.with_columns(parse_tree.renamed(element)), lookup or table is None
    inner = next(parse_tree.nested(expression), None)
    relation = read(inner) if inner else Relation()
    return alias, relation.with_columns(parse_tree.renamed(element)), lookup


def _function(function: BaseSegment, names: Names, read: Read, windows: list[Window]) -> Relation | None:
    """Return the relation of a function over a table; None for a function over values of a row, such as UNNEST."""
    arguments = parse_tree.arguments(function)
    if parse_tree.function_name(function) == "table" and arguments:
        return _function(parse_tree.bare(arguments[0]), names, read, windows)
    table = _table_argument(function, names, read)
    if table is None or parse_tree.function_name(function) not in _WINDOWS:
        return Relation(streams=table.streams) if table else None
    if (by := _descriptor(arguments)) is None or table.columns is None:
        return Relation(streams=table.streams)
    rowtime = Column(rowtime=table.columns.get(parse_tree.path(by)[-1], Column()).rowtime)
    windows.append(Window(parse_tree.function_name(function).upper(), by, rowtime, table.streams))
    own = {name: replace(column, rowtime=False) for name, column in table.columns.items()}
    return replace(table, columns={**own, "window_start": Column(), "window_end": Column(), "window_time": rowtime})


def _table_argument(function: BaseSegment, names: Names, read: Read) -> Relation | None:
    reference = next(parse_tree.below(function, "table_reference"), None)
    if reference:
        return names.get(parse_tree.path(reference), Relation())
    inner = next(parse_tree.nested(function), None)
    return read(inner) if inner else None


def _descriptor(arguments: list[BaseSegment]) -> BaseSegment | None:
    """Return the column that DESCRIPTOR() names."""
    words = [part.raw.lower() for part in arguments]
    after = arguments[words.index("descriptor") + 1 :] if "descriptor" in words else []
    return next(parse_tree.below(after[0], "column_reference"), None) if after else None
