"""Small questions to sqlfluff's parse tree."""

from __future__ import annotations

from collections.abc import Iterator

from sqlfluff.core.parser import BaseSegment

SELECTS = ("select_statement", "set_expression", "with_compound_statement", "values_clause")
"""What gives rows: each of these has a scope of names of its own."""

_PUNCTUATION = ("start_bracket", "end_bracket", "comma")
NAMES = ("naked_identifier", "quoted_identifier")


def name(identifier: BaseSegment) -> str:
    """The name that an identifier stands for, its quotation marks taken off; Flink minds the case of columns."""
    return identifier.raw_normalized(casefold=False)


def path(reference: BaseSegment) -> tuple[str, ...]:
    """The parts of a reference: `a`.b is ("a", "b")."""
    return tuple(name(part) for part in reference.segments if part.is_type(*NAMES))


def code(segment: BaseSegment) -> list[BaseSegment]:
    """The parts of a segment without spaces, comments and marks of indentation."""
    return [part for part in segment.segments if part.is_code]


def bare(segment: BaseSegment) -> BaseSegment:
    """What is left of an expression when brackets around all of it, and levels of one part, are taken away."""
    while segment.is_type("expression", "bracketed", "select_clause_element"):
        inner = [part for part in code(segment) if not part.is_type(*_PUNCTUATION, "alias_expression")]
        if len(inner) != 1:
            break
        segment = inner[0]
    return segment


def below(segment: BaseSegment, *types: str) -> Iterator[BaseSegment]:
    """Every part of one of the types at any depth, not those of a nested select; the segment itself where it is one."""
    return segment.recursive_crawl(*types, no_recursive_seg_type=[*SELECTS])


def nested(segment: BaseSegment) -> Iterator[BaseSegment]:
    """The selects that stand in a segment, the outermost alone."""
    return segment.recursive_crawl(*SELECTS, recurse_into=False, allow_self=False)


def alias(segment: BaseSegment) -> BaseSegment | None:
    """The identifier that a segment's own AS gives it."""
    given = segment.get_child("alias_expression")
    return given.get_child(*NAMES) if given else None


def renamed(segment: BaseSegment) -> list[str]:
    """The names in brackets after an alias or a CTE's name: `AS t (a, b)`."""
    given = segment.get_child("alias_expression", "cte_column_list")
    listed = next(given.recursive_crawl("identifier_list"), None) if given else None
    return [name(part) for part in listed.segments if part.is_type(*NAMES)] if listed else []


def function_name(function: BaseSegment) -> str:
    """What a function is called, in lower case."""
    called = next(function.recursive_crawl("function_name"), None)
    return called.raw.strip("`").lower() if called else ""


def arguments(function: BaseSegment) -> list[BaseSegment]:
    """What stands between a function's brackets."""
    contents = function.get_child("function_contents")
    brackets = contents.get_child("bracketed") if contents else None
    return [part for part in code(brackets) if not part.is_type(*_PUNCTUATION)] if brackets else []
