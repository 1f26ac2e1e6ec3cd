"""Decide whether a join's condition bounds the time between two rows, so that Flink can drop old rows."""

from __future__ import annotations

from collections.abc import Iterable

from sqlfluff.core.parser import BaseSegment

from headrace.authoring.lint import parse_tree
from headrace.authoring.lint.facts import Scope
from headrace.authoring.lint.precedence import Parts, comparison, conjuncts, sides

_BOUNDS = {"=": "<>", "==": "<>", "between": "<>", "<": "<", "<=": "<", ">": ">", ">=": ">"}
_TURNED = str.maketrans("<>", "><")
_WINDOW = {"window_start", "window_end"}


def bounded(conditions: Iterable[BaseSegment], scope: Scope, right: str) -> bool:
    """Return whether the conditions bound the time between the relation `right` and those before it.

    They do if they compare rowtime columns of both sides from above and from below, or require the same window: equal
    window_start and equal window_end. Also true if the columns of any relation in `scope` are unknown.
    """
    if any(relation.columns is None for relation in scope.relations.values()):
        return True
    bounds: set[str] = set()
    for condition in conditions:
        for predicate in conjuncts(condition):
            bounds |= _bounds(predicate, scope, right)
    return {"<", ">"} <= bounds or bounds >= _WINDOW


def _bounds(predicate: Parts, scope: Scope, right: str) -> set[str]:
    how, compared = comparison(predicate), sides(predicate)
    if len(compared) != (3 if how == "between" else 2) or how not in _BOUNDS:
        return set()
    first, second = _references(compared[:1]), _references(compared[1:])
    on_right = [{scope.side(path) == right for path in paths} for paths in (first, second)]
    if on_right not in ([{True}, {False}], [{False}, {True}]):
        return set()
    names = {path[-1] for path in first + second}
    if how in ("=", "==") and len(names) == 1 and names <= _WINDOW:
        return names
    if not all(any(scope.column(path).rowtime for path in paths) for paths in (first, second)):
        return set()
    return set(_BOUNDS[how].translate(_TURNED) if on_right[0] == {True} else _BOUNDS[how])


def _references(compared: list[Parts]) -> list[tuple[str, ...]]:
    return [
        parse_tree.path(reference)
        for side in compared
        for part in side
        for reference in parse_tree.below(part, "column_reference")
    ]
