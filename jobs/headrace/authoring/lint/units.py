"""The unit of an expression, and where units meet that do not go together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlfluff.core.parser import BaseSegment

from headrace.authoring.lint import tree
from headrace.authoring.lint.facts import Scope
from headrace.authoring.lint.flat import Parts, is_sign, predicates, sides, terms

_KEEPING = frozenset(
    {"abs", "avg", "cast", "ceil", "first_value", "floor", "lag", "last_value", "lead"}
    | {"max", "min", "round", "sum", "truncate", "try_cast"}
)
"""Functions whose result is in the unit of their first argument."""
_CHOOSING = frozenset({"coalesce", "greatest", "ifnull", "least", "nullif"})
"""Functions that give one of their arguments."""
_UNITLESS = frozenset({"1", ""})
# Degrees of these scales less degrees of the same are kelvins, or degrees of another size: no reading of the scale.
_OFFSET_SCALES = frozenset({"degC", "degF", "°C", "°F"})


@dataclass(frozen=True)
class Mix:
    """Two units that meet where they must be one; `place` is the part that has the second."""

    place: BaseSegment
    first: str
    second: str


def unit(segment: BaseSegment, scope: Scope) -> str | None:
    """The unit of what it gives, None where that cannot be told or where it has none."""
    inner = tree.bare(segment)
    if inner.is_type("column_reference"):
        told = scope.column(tree.path(inner)).unit
        return None if told in _UNITLESS else told
    if inner.is_type("function"):
        name, given = tree.function_name(inner), [unit(part, scope) for part in tree.arguments(inner)]
        return given[0] if name in _KEEPING and given else _common(given) if name in _CHOOSING else None
    if inner.is_type("expression"):
        compared = [side for predicate in predicates(inner) for side in sides(predicate)]
        return _sum_unit(compared[0], scope) if len(compared) == 1 else None
    return None


def mixes(segment: BaseSegment, scope: Scope) -> Iterator[Mix]:
    """Where units are mixed in what is added, subtracted or compared, at any depth of the expression."""
    for part in tree.below(segment, "expression", "function"):
        if part.is_type("expression"):
            for predicate in predicates(part):
                compared = sides(predicate)
                yield from _mixed([(side[0], _sum_unit(side, scope)) for side in compared])
                for side in compared:
                    yield from _mixed([(term[0], _term_unit(term, scope)) for term in terms(side)])
        elif tree.function_name(part) in _CHOOSING:
            yield from _mixed([(given, unit(given, scope)) for given in tree.arguments(part)])


def _mixed(parts: list[tuple[BaseSegment, str | None]]) -> Iterator[Mix]:
    known = [(place, told) for place, told in parts if told]
    for place, told in known[1:]:
        if told != known[0][1]:
            yield Mix(place, known[0][1], told)


def _sum_unit(side: Parts, scope: Scope) -> str | None:
    found = _common([_term_unit(term, scope) for term in terms(side)])
    subtracted = any(is_sign(part, "-") for part in side)
    return None if subtracted and found in _OFFSET_SCALES else found


def _term_unit(term: Parts, scope: Scope) -> str | None:
    """A product's unit is not followed: who multiplies may well convert."""
    return unit(term[0], scope) if len(term) == 1 else None


def _common(units: list[str | None]) -> str | None:
    return units[0] if len(set(units)) == 1 else None
