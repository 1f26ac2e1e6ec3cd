"""Which expressions are whole numbers, and the quotients of whole numbers in them, which lose their fractions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sqlfluff.core.parser import BaseSegment

from headrace.authoring.lint import parse_tree
from headrace.authoring.lint.facts import Scope
from headrace.authoring.lint.precedence import is_sign

_WHOLE = re.compile(r"[-+]?\d+")
_WHOLE_TYPES = re.compile(r"(tiny|small|big)?int|integer", re.IGNORECASE)
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
    """Whether an expression is a whole number, and the quotients of whole numbers that its value depends on."""

    whole: bool = False
    quotients: tuple[BaseSegment, ...] = ()


def value(segment: BaseSegment, scope: Scope) -> Value:
    """Return the facts about an expression's value. The place of a quotient is its `/`, or the AVG."""
    inner = parse_tree.bare(segment)
    if inner.is_type("column_reference"):
        column = scope.column(parse_tree.path(inner))
        return Value(column.whole, column.quotients)
    if inner.is_type("numeric_literal"):
        return Value(_WHOLE.fullmatch(inner.raw) is not None)
    if inner.is_type("function"):
        return _function(inner, scope)
    if inner.is_type("case_expression"):
        return _all(value(each, scope) for each in _results(inner))
    return _arithmetic(inner, scope) if inner.is_type("expression") else Value()


def _function(function: BaseSegment, scope: Scope) -> Value:
    name, arguments = parse_tree.function_name(function), parse_tree.arguments(function)
    if name in _COUNTING or not arguments:
        return Value(name in _COUNTING)
    if name in ("cast", "try_cast"):
        to_whole = any(_WHOLE_TYPES.fullmatch(part.raw) for part in arguments if part.is_type("data_type"))
        return Value(whole=True) if to_whole else Value(False, value(arguments[0], scope).quotients)
    of = _all(value(each, scope) for each in arguments)
    if name == "avg" and of.whole:
        return Value(True, (*of.quotients, function))
    if name in _CUTTING:
        return Value(value(arguments[0], scope).whole)
    return Value(of.whole and name in _KEEPING, of.quotients)


def _results(case: BaseSegment) -> Iterator[BaseSegment]:
    """Yield the expressions after THEN and ELSE."""
    for clause in case.get_children("when_clause", "else_clause"):
        yield parse_tree.code(clause)[-1]


def _arithmetic(expression: BaseSegment, scope: Scope) -> Value:
    """Return the facts about a sum of products; of other operators, such as comparisons, nothing is known."""
    parts = [part for part in parse_tree.code(expression) if not part.is_type("sign_indicator")]
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
        terms[-1] = Value(product.whole, (*product.quotients, *cut))
    return _all(terms)


def _all(values: Iterable[Value]) -> Value:
    values = list(values)
    return Value(all(each.whole for each in values), tuple(place for each in values for place in each.quotients))
