"""An expression as sqlfluff leaves it, operands and operators in one row: what binds least is parted first."""

from __future__ import annotations

from collections.abc import Callable

from sqlfluff.core.parser import BaseSegment

from headrace.authoring.lint import tree

Parts = list[BaseSegment]


def predicates(expression: BaseSegment) -> list[Parts]:
    """What AND and OR join. The `and` of a BETWEEN is a keyword, not an operator."""
    return _split(tree.code(expression), lambda part: is_sign(part, "and", "or"))


def conjuncts(expression: BaseSegment) -> list[Parts]:
    """What must be true for the expression to be true; nothing where an OR leaves that open."""
    expression = tree.bare(expression)
    parts = tree.code(expression) if expression.is_type("expression") else [expression]
    if any(is_sign(part, "or") for part in parts):
        return []
    found = []
    for each in _split(parts, lambda part: is_sign(part, "and")):
        found += conjuncts(each[0]) if len(each) == 1 and each[0].is_type("bracketed") else [each]
    return found


def sides(predicate: Parts) -> list[Parts]:
    """What a predicate compares."""
    return _split(predicate, lambda part: part.is_type("comparison_operator", "keyword"))


def comparison(predicate: Parts) -> str:
    """How it compares: `<`, `between`; nothing where it does not."""
    return next((part.raw.lower() for part in predicate if part.is_type("comparison_operator", "keyword")), "")


def terms(side: Parts) -> list[Parts]:
    """What is added and subtracted."""
    unsigned = [part for part in side if not part.is_type("sign_indicator")]
    return _split(unsigned, lambda part: is_sign(part, "+", "-"))


def is_sign(part: BaseSegment, *signs: str) -> bool:
    return part.is_type("binary_operator") and part.raw.lower() in signs


def _split(parts: Parts, at: Callable[[BaseSegment], bool]) -> list[Parts]:
    groups: list[Parts] = [[]]
    for part in parts:
        if at(part):
            groups.append([])
        else:
            groups[-1].append(part)
    return [group for group in groups if group]
