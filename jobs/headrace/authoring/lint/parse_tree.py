"""Accessors for sqlfluff's parse tree."""

from __future__ import annotations

from collections.abc import Iterator

from sqlfluff.core.parser import BaseSegment

SELECTS = ("select_statement", "set_expression", "with_compound_statement", "values_clause")
"""The segments that produce rows; each has its own scope of names."""

_PUNCTUATION = ("start_bracket", "end_bracket", "comma")
NAMES = ("naked_identifier", "quoted_identifier")


def name(identifier: BaseSegment) -> str:
    """Return the name of an identifier without quotation marks, in its own case: Flink's columns are case-sensitive."""
    return identifier.raw_normalized(casefold=False)


def path(reference: BaseSegment) -> tuple[str, ...]:
    """Return the parts of a reference: ("a", "b") for `a`.b."""
    return tuple(name(part) for part in reference.segments if part.is_type(*NAMES))


def code(segment: BaseSegment) -> list[BaseSegment]:
    """Return the parts of a segment without spaces, comments and indentation markers."""
    return [part for part in segment.segments if part.is_code]


def bare(segment: BaseSegment) -> BaseSegment:
    """Return an expression without brackets around all of it and without levels that have a single part."""
    while segment.is_type("expression", "bracketed", "select_clause_element"):
        inner = [part for part in code(segment) if not part.is_type(*_PUNCTUATION, "alias_expression")]
        if len(inner) != 1:
            break
        segment = inner[0]
    return segment


def below(segment: BaseSegment, *types: str) -> Iterator[BaseSegment]:
    """Yield the parts of these types at any depth, the segment itself included, but not those of nested selects."""
    return segment.recursive_crawl(*types, no_recursive_seg_type=[*SELECTS])


def nested(segment: BaseSegment) -> Iterator[BaseSegment]:
    """Yield the outermost selects within a segment."""
    return segment.recursive_crawl(*SELECTS, recurse_into=False, allow_self=False)


def alias(segment: BaseSegment) -> BaseSegment | None:
    """Return the identifier of a segment's own AS, or None."""
    expression = segment.get_child("alias_expression")
    return expression.get_child(*NAMES) if expression else None


def renamed(segment: BaseSegment) -> list[str]:
    """Return the column names in brackets after an alias or a CTE's name: `AS t (a, b)`."""
    expression = segment.get_child("alias_expression", "cte_column_list")
    listed = next(expression.recursive_crawl("identifier_list"), None) if expression else None
    return [name(part) for part in listed.segments if part.is_type(*NAMES)] if listed else []


def function_name(function: BaseSegment) -> str:
    """Return the name of a function, in lower case."""
    identifier = next(function.recursive_crawl("function_name"), None)
    return identifier.raw.strip("`").lower() if identifier else ""


def arguments(function: BaseSegment) -> list[BaseSegment]:
    """Return the parts between a function's brackets, without commas."""
    contents = function.get_child("function_contents")
    brackets = contents.get_child("bracketed") if contents else None
    return [part for part in code(brackets) if not part.is_type(*_PUNCTUATION)] if brackets else []
