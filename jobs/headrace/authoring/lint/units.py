"""The unit of an expression, and the places where incompatible units are combined."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlfluff.core.parser import BaseSegment

from headrace.authoring.lint import parse_tree
from headrace.authoring.lint.facts import Scope
from headrace.authoring.lint.precedence import Parts, is_sign, predicates, sides, terms

_KEEPING = frozenset(
    {"abs", "avg", "cast", "ceil", "first_value", "floor", "lag", "last_value", "lead"}
    | {"max", "min", "round", "sum", "truncate", "try_cast"}
)
"""Functions whose result has the unit of their first argument."""
_CHOOSING = frozenset({"coalesce", "greatest", "ifnull", "least", "nullif"})
"""Functions that return one of their arguments."""
_UNITLESS = frozenset({"1", ""})
# A difference of two temperatures on these scales is in kelvins or Fahrenheit degrees, not a reading on the scale.
_OFFSET_SCALES = frozenset({"degC", "degF", "°C", "°F"})


@dataclass(frozen=True)
class Mix:
    """Two different units where one is required; `place` is the part that has the second."""

    place: BaseSegment
    first: str
    second: str


def unit(segment: BaseSegment, scope: Scope) -> str | None:
    """Return the unit of the expression's result; None if it has no unit or the unit is unknown."""
    inner = parse_tree.bare(segment)
    if inner.is_type("column_reference"):
        column_unit = scope.column(parse_tree.path(inner)).unit
        return None if column_unit in _UNITLESS else column_unit
    if inner.is_type("function"):
        name, units = parse_tree.function_name(inner), [unit(part, scope) for part in parse_tree.arguments(inner)]
        return units[0] if name in _KEEPING and units else _common(units) if name in _CHOOSING else None
    if inner.is_type("expression"):
        compared = [side for predicate in predicates(inner) for side in sides(predicate)]
        return _sum_unit(compared[0], scope) if len(compared) == 1 else None
    return None


def mixes(segment: BaseSegment, scope: Scope) -> Iterator[Mix]:
    """Yield the places, at any depth, where values of different units are added, subtracted or compared."""
    for part in parse_tree.below(segment, "expression", "function"):
        if part.is_type("expression"):
            for predicate in predicates(part):
                compared = sides(predicate)
                yield from _mixed([(side[0], _sum_unit(side, scope)) for side in compared])
                for side in compared:
                    yield from _mixed([(term[0], _term_unit(term, scope)) for term in terms(side)])
        elif parse_tree.function_name(part) in _CHOOSING:
            yield from _mixed([(argument, unit(argument, scope)) for argument in parse_tree.arguments(part)])


def _mixed(parts: list[tuple[BaseSegment, str | None]]) -> Iterator[Mix]:
    known = [(place, name) for place, name in parts if name]
    for place, name in known[1:]:
        if name != known[0][1]:
            yield Mix(place, known[0][1], name)


def _sum_unit(side: Parts, scope: Scope) -> str | None:
    common = _common([_term_unit(term, scope) for term in terms(side)])
    subtracted = any(is_sign(part, "-") for part in side)
    return None if subtracted and common in _OFFSET_SCALES else common


def _term_unit(term: Parts, scope: Scope) -> str | None:
    """Return the unit of a term; None for a product, which may be a conversion."""
    return unit(term[0], scope) if len(term) == 1 else None


def _common(units: list[str | None]) -> str | None:
    return units[0] if len(set(units)) == 1 else None
