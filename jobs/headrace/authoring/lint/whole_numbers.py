"""Which expressions are whole numbers, and the quotients of whole numbers in them, which lose their fractions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sqlfluff.core.parser import BaseSegment

from headrace.authoring.lint import parse_tree
from headrace.authoring.lint.facts import Scope
from headrace.authoring.lint.precedence import Parts, is_sign, predicates, sides

_WHOLE = re.compile(r"[-+]?\d+")
_WHOLE_TYPES = re.compile(r"(tiny|small|big)?int|integer", re.IGNORECASE)
_FRACTIONAL_TYPES = re.compile(r"(float|double|decimal|dec|numeric)\b", re.IGNORECASE)
_COUNTING = frozenset(
    {"approx_count_distinct", "char_length", "character_length", "count", "dense_rank", "extract", "ntile", "rank"}
    | {"row_number", "timestampdiff", "unix_timestamp"}
)
"""Functions that return a whole number of whatever argument."""
_KEEPING = frozenset(
    {"abs", "ceil", "coalesce", "first_value", "greatest", "ifnull", "lag", "last_value", "lead", "least", "max"}
    | {"min", "mod", "nullif", "round", "sum"}
)
"""Functions that return a whole number of whole numbers."""
_CUTTING = frozenset({"floor", "truncate"})
"""Functions that drop a fraction, so that it does no harm if the division already has."""


@dataclass(frozen=True)
class Value:
    """Whether an expression is a whole number, whether its type has fractions, and the quotients that it depends on.

    Of some expressions neither is known. `quotients` are those of whole numbers.
    """

    whole: bool = False
    fraction: bool = False
    quotients: tuple[BaseSegment, ...] = ()


def value(segment: BaseSegment, scope: Scope) -> Value:
    """Return the facts about an expression's value. The place of a quotient is its `/`, or the AVG."""
    inner = parse_tree.bare(segment)
    if inner.is_type("column_reference"):
        column = scope.column(parse_tree.path(inner))
        return Value(column.whole, column.fraction, column.quotients)
    if inner.is_type("numeric_literal"):
        is_whole = _WHOLE.fullmatch(inner.raw) is not None
        return Value(is_whole, not is_whole)
    if inner.is_type("function"):
        return _function(inner, scope)
    if inner.is_type("case_expression"):
        return _all(value(each, scope) for each in _results(inner))
    return _arithmetic(parse_tree.code(inner), scope) if inner.is_type("expression") else Value()


def cut_comparisons(segment: BaseSegment, scope: Scope) -> Iterator[tuple[BaseSegment, Value]]:
    """Yield each operand of a comparison, at any depth, that depends on a quotient, if another one has fractions.

    The operand is its first part and its value.
    """
    for part in parse_tree.below(segment, "expression"):
        for predicate in predicates(part):
            compared = [(side[0], _operand(side, scope)) for side in sides(predicate)]
            for place, of in compared:
                if of.quotients and any(other.fraction for at, other in compared if at is not place):
                    yield place, of


def _operand(side: Parts, scope: Scope) -> Value:
    """Return the facts about an operand of a comparison, which may be the list of an IN."""
    if len(side) > 1:
        return _arithmetic(side, scope)
    inner = side[0]
    if inner.is_type("bracketed") and inner.get_child("comma"):
        listed = [part for part in parse_tree.code(inner) if not part.is_type("start_bracket", "end_bracket", "comma")]
        return _all(value(part, scope) for part in listed)
    return value(inner, scope)


def _function(function: BaseSegment, scope: Scope) -> Value:
    name, arguments = parse_tree.function_name(function), parse_tree.arguments(function)
    if name in _COUNTING or not arguments:
        return Value(name in _COUNTING)
    if name in ("cast", "try_cast"):
        to_whole = any(_WHOLE_TYPES.fullmatch(part.raw) for part in arguments if part.is_type("data_type"))
        to_fraction = any(_FRACTIONAL_TYPES.match(part.raw) for part in arguments if part.is_type("data_type"))
        of = value(arguments[0], scope)
        return Value(whole=True) if to_whole else Value(False, to_fraction, of.quotients)
    of = _all(value(each, scope) for each in arguments)
    if name == "avg" and of.whole:
        return Value(True, False, (*of.quotients, function))
    if name in _CUTTING:
        return Value(value(arguments[0], scope).whole)
    return Value(of.whole and name in _KEEPING, of.fraction and name in {*_KEEPING, "avg"}, of.quotients)


def _results(case: BaseSegment) -> Iterator[BaseSegment]:
    """Yield the expressions after THEN and ELSE."""
    for clause in case.get_children("when_clause", "else_clause"):
        yield parse_tree.code(clause)[-1]


def _arithmetic(expression: Parts, scope: Scope) -> Value:
    """Return the facts about a sum of products; of other operators, such as comparisons, nothing is known."""
    parts = [part for part in expression if not part.is_type("sign_indicator")]
    operands, signs = parts[::2], parts[1::2]
    if len(operands) != len(signs) + 1 or not all(is_sign(sign, "+", "-", "*", "/", "%") for sign in signs):
        return Value()
    terms = [value(operands[0], scope)]
    for sign, operand in zip(signs, operands[1:], strict=True):
        right = value(operand, scope)
        if is_sign(sign, "+", "-"):
            terms.append(right)
            continue
        product = _all([terms[-1], right])
        cut = (sign,) if is_sign(sign, "/") and product.whole else ()
        terms[-1] = Value(product.whole, product.fraction, (*product.quotients, *cut))
    return _all(terms)


def _all(values: Iterable[Value]) -> Value:
    values = list(values)
    return Value(
        all(each.whole for each in values),
        any(each.fraction for each in values),
        tuple(place for each in values for place in each.quotients),
    )
