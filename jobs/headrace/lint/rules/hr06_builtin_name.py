from __future__ import annotations

from functools import cache
from pathlib import Path

from headrace.lint import tree
from headrace.lint.rules.base import BaseRule, Found, Subject

FUNCTIONS = Path(__file__).parent.parent / "flink_functions.txt"


class Rule_HR06(BaseRule):
    """A column, a CTE or a view has the name of a built-in function of Flink.

    Some of these are called without brackets, so that ``localtime`` or ``pi`` is never the column; others, such as
    ``count``, are refused where they stand bare; a function of one's own under such a name is never found. A name in
    backquotes is left alone: it says what it is.

    **Anti-pattern**

    .. code-block:: sql

        select tag, max(ts) as localtime from {{ source('plant_readings') }} group by tag

    **Best practice**

    Give it another name, or write it in backquotes wherever it stands.

    .. code-block:: sql

        select tag, max(ts) as last_ts from {{ source('plant_readings') }} group by tag
    """

    name = "headrace.builtin_name"

    def check(self, subject: Subject) -> Found:
        aliases = (tree.alias(target.segment) for select in subject.query.selects for target in select.targets)
        for given in [*filter(None, aliases), *subject.query.ctes]:
            if given.is_type("naked_identifier") and given.raw.lower() in functions():
                yield given, f"'{given.raw}' is a built-in function of Flink"
        if subject.view in functions() and subject.query.selects:
            first = subject.query.selects[0].segment
            yield first, f"the view is called '{subject.view}', as a built-in function of Flink is"


@cache
def functions() -> frozenset[str]:
    """The functions that Flink SQL has of its own, in lower case."""
    lines = FUNCTIONS.read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if not line.startswith("#"))
