"""Split sqlfluff's expressions, which are flat lists of operands and operators, by operator precedence."""

from __future__ import annotations

from collections.abc import Callable

from sqlfluff.core.parser import BaseSegment

from headrace.authoring.lint import parse_tree

Parts = list[BaseSegment]


def predicates(expression: BaseSegment) -> list[Parts]:
    """Return the operands of AND and OR. The `and` of a BETWEEN is a keyword, not an operator."""
    return _split(parse_tree.code(expression), lambda part: is_sign(part, "and", "or"))


def conjuncts(expression: BaseSegment) -> list[Parts]:
    """Return the predicates that must hold for the expression to hold; none if it has an OR."""
    expression = parse_tree.bare(expression)
    parts = parse_tree.code(expression) if expression.is_type("expression") else [expression]
    if any(is_sign(part, "or") for part in parts):
        return []
    predicates_required = []
    for each in _split(parts, lambda part: is_sign(part, "and")):
        predicates_required += conjuncts(each[0]) if len(each) == 1 and each[0].is_type("bracketed") else [each]
    return predicates_required


def sides(predicate: Parts) -> list[Parts]:
    """Return the operands of a comparison."""
    return _split(predicate, lambda part: part.is_type("comparison_operator", "keyword"))


def comparison(predicate: Parts) -> str:
    """Return the comparison, such as `<` or `between`; an empty string if the predicate has none."""
    return next((part.raw.lower() for part in predicate if part.is_type("comparison_operator", "keyword")), "")


def terms(side: Parts) -> list[Parts]:
    """Return the operands of + and -."""
    unsigned = [part for part in side if not part.is_type("sign_indicator")]
    return _split(unsigned, lambda part: is_sign(part, "+", "-"))


def is_sign(part: BaseSegment, *signs: str) -> bool:
    """Return whether the part is one of these binary operators."""
    return part.is_type("binary_operator") and part.raw.lower() in signs


def _split(parts: Parts, at: Callable[[BaseSegment], bool]) -> list[Parts]:
    groups: list[Parts] = [[]]
    for part in parts:
        if at(part):
            groups.append([])
        else:
            groups[-1].append(part)
    return [group for group in groups if group]
