"""Read one SELECT: what its names refer to, its joins and windows, and the relation that it produces."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from sqlfluff.core.parser import BaseSegment

from headrace.authoring.lint import expression, parse_tree
from headrace.authoring.lint.facts import NONE, Column, Relation, Scope
from headrace.authoring.lint.from_clause import JoinedRelation, Names, Origins, origins
from headrace.authoring.lint.time_bound import bounded
from headrace.authoring.lint.windows import Window, overs

Read = Callable[[BaseSegment, Scope | None], Relation]
"""Reads a nested select as a relation, in the scope of the select around it."""

_CONDITIONS = ("where_clause", "having_clause", "qualify_clause")


@dataclass(frozen=True)
class Target:
    """A column of a select's result; the columns of a star share its segment."""

    segment: BaseSegment
    name: str
    column: Column


_OF_CURRENT = {"src_rank", "nth_of_key"}
"""Columns that only the rows of the macro current() have together."""


@dataclass(frozen=True)
class Join:
    """A join: the unbounded inputs of its left and right side, and whether its condition bounds the time between them.

    `nested`: the right side is a select within an expression, as in IN or EXISTS.
    """

    place: BaseSegment
    left: frozenset[str]
    right: frozenset[str]
    bounded: bool
    nested: bool = False


@dataclass(frozen=True)
class Select:
    """The facts about a SELECT. `stars` are its `*` and `t.*` over columns whose names its author did not write."""

    segment: BaseSegment
    scope: Scope
    targets: tuple[Target, ...]
    stars: tuple[BaseSegment, ...]
    joins: tuple[Join, ...]
    windows: tuple[Window, ...]
    result: Relation


def select(segment: BaseSegment, names: Names, outer: Scope | None, read: Read) -> Select:
    """Return the facts about a select_statement. `read` is called for each select nested in it."""
    clause = segment.get_child("from_clause")
    from_clause = origins(clause, names, lambda inner: read(inner, outer)) if clause else Origins()
    scope = Scope(from_clause.relations, outer)
    where = segment.get_children(*_CONDITIONS)
    joins = [_join(joined, where, scope) for joined in from_clause.joins if not joined.lookup]
    for part in parse_tree.code(segment):
        if not part.is_type("from_clause"):
            joins += [_semi_join(inner, scope, read) for inner in parse_tree.nested(part)]
    targets, stars, known = _targets(segment, scope)
    conditions = [*where, *(on for joined in from_clause.joins for on in joined.on)]
    in_order = all(join.bounded for join in joins if not join.nested)
    result = _result(targets if known else None, scope, conditions, in_order=in_order, spelled=not stars)
    windows = (*from_clause.windows, *overs(segment, scope, _streams(scope)))
    return Select(segment, scope, tuple(targets), tuple(stars), tuple(joins), windows, result)


def _join(joined: JoinedRelation, where: list[BaseSegment], scope: Scope) -> Join:
    before = list(scope.relations).index(joined.alias)
    left = NONE.union(*(relation.streams for relation in list(scope.relations.values())[:before]))
    is_bounded = bounded([*_expressions(joined.on), *_expressions(where)], scope, joined.alias)
    return Join(joined.place, left, scope.relations[joined.alias].streams, is_bounded)


def _semi_join(inner: BaseSegment, scope: Scope, read: Read) -> Join:
    relation = read(inner, scope)
    return Join(inner, _streams(scope), relation.streams, bounded=False, nested=True)


def _expressions(clauses: Iterable[BaseSegment]) -> list[BaseSegment]:
    return [part for clause in clauses for part in parse_tree.code(clause) if part.is_type("expression", "bracketed")]


def _streams(scope: Scope) -> frozenset[str]:
    return NONE.union(*(relation.streams for relation in scope.relations.values()))


def _targets(segment: BaseSegment, scope: Scope) -> tuple[list[Target], list[BaseSegment], bool]:
    """Return the result columns, the stars over columns not named by the author, and whether all columns are known."""
    targets, stars, known = [], [], True
    clause = segment.get_child("select_clause")
    for place, element in enumerate(clause.get_children("select_clause_element") if clause else []):
        if star := element.get_child("wildcard_expression"):
            of = [path[0] for part in parse_tree.code(star) if (path := parse_tree.path(part))]
            meant = [r for alias, r in scope.relations.items() if not of or alias == of[0]]
            for relation in meant:
                targets += [Target(element, name, column) for name, column in (relation.columns or {}).items()]
            known = known and bool(meant) and all(relation.columns is not None for relation in meant)
            if not all(relation.spelled for relation in meant):
                stars.append(element)
        else:
            targets.append(Target(element, _name(element, place), expression.column(element, scope)))
    return targets, stars, known


def _name(element: BaseSegment, place: int) -> str:
    if identifier := parse_tree.alias(element):
        return parse_tree.name(identifier)
    inner = parse_tree.bare(element)
    return parse_tree.path(inner)[-1] if inner.is_type("column_reference") else f"EXPR${place}"


def _result(
    targets: list[Target] | None, scope: Scope, conditions: list[BaseSegment], *, in_order: bool, spelled: bool
) -> Relation:
    """Return the result as a relation.

    A condition on the quality of an input covers all measurements of that input. If rows are not `in_order`, no column
    of the result is a rowtime.
    """
    checked = NONE.union(*(expression.quality(condition, scope) for condition in conditions))
    sifted = NONE.union(
        *(expression.measured(condition, scope) for condition in conditions),
        *(relation.sifted for relation in scope.relations.values()),
    )
    columns = None
    if targets is not None:
        columns = {
            target.name: replace(
                target.column,
                measured=target.column.measured - checked,
                rowtime=target.column.rowtime and in_order,
            )
            for target in targets
        }
    # The rows of current() do not grow with time: there is one per key.
    streams = NONE if columns is not None and columns.keys() >= _OF_CURRENT else _streams(scope)
    return Relation(columns, streams, spelled, sifted - checked)
