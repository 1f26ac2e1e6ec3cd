"""Facts about an expression, derived from the facts about its columns."""

from __future__ import annotations

from collections.abc import Iterator

from sqlfluff.core.parser import BaseSegment

from headrace.authoring.lint import parse_tree, whole_numbers
from headrace.authoring.lint.facts import NONE, Column, Scope
from headrace.authoring.lint.units import unit

_COUNTING = ("approx_count_distinct", "count")
_CLOCKS = {"current_date", "current_row_timestamp", "current_time", "current_timestamp", "current_watermark"}
_VOLATILE = frozenset(
    _CLOCKS | {"localtime", "localtimestamp", "now", "proctime", "rand", "rand_integer", "unix_timestamp", "uuid"}
)


def column(segment: BaseSegment, scope: Scope) -> Column:
    """Return the facts about the expression's result: those of the column it refers to, or derived from its parts.

    Measurements and their quality in one expression cancel out: the result already takes the quality into account.
    """
    inner = parse_tree.bare(segment)
    if inner.is_type("column_reference"):
        return scope.column(parse_tree.path(inner))
    qualities, inputs = quality(segment, scope), measured(segment, scope)
    of = whole_numbers.value(segment, scope)
    return Column(
        unit(segment, scope),
        measured=inputs - qualities,
        quality=qualities - inputs,
        volatile=_volatile(segment, scope),
        whole=of.whole,
        fraction=of.fraction,
        quotients=of.quotients,
    )


def quality(segment: BaseSegment, scope: Scope) -> frozenset[str]:
    """Return the inputs whose quality the expression reads."""
    return NONE.union(
        *(scope.column(parse_tree.path(part)).quality for part in parse_tree.below(segment, "column_reference"))
    )


def measured(segment: BaseSegment, scope: Scope) -> frozenset[str]:
    """Return the inputs whose measurements the expression reads. COUNT and IS NULL only test that a value exists."""
    unread = {id(part) for part in [*_counted(segment), *_null_tests(segment)]}
    read = (part for part in parse_tree.below(segment, "column_reference") if id(part) not in unread)
    return NONE.union(*(scope.column(parse_tree.path(part)).measured for part in read))


def _counted(segment: BaseSegment) -> Iterator[BaseSegment]:
    for function in parse_tree.below(segment, "function"):
        if parse_tree.function_name(function) in _COUNTING:
            for argument in parse_tree.arguments(function):
                yield from parse_tree.below(argument, "column_reference")


def _null_tests(segment: BaseSegment) -> Iterator[BaseSegment]:
    for expression in parse_tree.below(segment, "expression"):
        parts = parse_tree.code(expression)
        for place, part in enumerate(parts):
            after = [word.raw.lower() for word in parts[place + 1 : place + 4]]
            if part.is_type("column_reference") and (after[:2] == ["is", "null"] or after == ["is", "not", "null"]):
                yield part


def _volatile(segment: BaseSegment, scope: Scope) -> str | None:
    """Return a function, in the expression or in a column it refers to, that returns a new value on each call."""
    for part in parse_tree.below(segment, "column_reference"):
        if carried := scope.column(parse_tree.path(part)).volatile:
            return carried
    for called in parse_tree.below(segment, "bare_function", "function"):
        name = called.raw.lower() if called.is_type("bare_function") else parse_tree.function_name(called)
        if name in _VOLATILE and not (name == "unix_timestamp" and parse_tree.arguments(called)):
            return name
    return None
