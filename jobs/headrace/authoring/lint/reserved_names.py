"""HR11: columns whose names Flink reserves, without backquotes: all of a template at once.

Flink reports one of them, and at the next run the next one. sqlfluff reads some of them as names, and stops at others.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from functools import cache
from pathlib import Path

from headrace.authoring.lint.finding import Finding
from headrace.authoring.lint.linter import Template
from headrace.authoring.lint.template_position import template_position
from headrace.compose import value_places
from headrace.compose.flink_functions import reserved_words
from headrace.errors import Place

CODE = "HR11"
_GRAMMAR = Path(__file__).parent / "grammar_words.txt"
_UNITS = frozenset({"day", "hour", "minute", "month", "second", "year", "week", "quarter"})
# In an interval, in FLOOR(... TO HOUR), and in EXTRACT(HOUR FROM ...), these are units.
_BEFORE_UNIT, _AFTER_UNIT = re.compile(r"(?:'|\bto)\s*$", re.IGNORECASE), re.compile(r"\s+(?:from|to)\b", re.IGNORECASE)
_WORD = re.compile(r"(?<![\w$`@])([A-Za-z_]\w*)(?!\w)(?!\s*[('])")


@cache
def _grammar() -> frozenset[str]:
    return frozenset(_GRAMMAR.read_text(encoding="utf-8").splitlines())


def findings(template: Template, columns: Collection[str]) -> Iterator[Finding]:
    """Yield a finding for each bare use of a name that is one of the `columns` and a reserved word."""
    names = {name for name in columns if name in reserved_words()} - _grammar()
    if not names:
        return
    sql, lines = template.rendered.sql, template.text.split("\n")
    hidden = [(region.start, region.end) for region in value_places.in_flink(sql)]
    for match in _WORD.finditer(sql):
        name = match[1].lower()
        if name not in names or any(start <= match.start() < end for start, end in hidden):
            continue
        if name in _UNITS and (_BEFORE_UNIT.search(sql[: match.start()]) or _AFTER_UNIT.match(sql[match.end() :])):
            continue
        line, start = sql.count("\n", 0, match.start()) + 1, sql.rfind("\n", 0, match.start()) + 1
        at = template_position(lines, template.rendered, line, match.start() - start + 1)
        if at.own and f"noqa: {CODE}" not in lines[at.line - 1]:
            what = f"'{match[1]}' is a column, and a word that Flink reserves"
            yield Finding(Place.of(template.path, at.line, at.column), CODE, what, f"write `{match[1]}`")
