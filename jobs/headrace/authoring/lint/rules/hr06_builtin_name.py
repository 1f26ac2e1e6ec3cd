"""HR06: a name that is also a built-in function of Flink."""

from __future__ import annotations

from headrace.authoring.lint import parse_tree
from headrace.authoring.lint.rules.base import BaseRule, Subject, Violations
from headrace.compose.flink_functions import flink_functions


class Rule_HR06(BaseRule):
    """A column, a CTE or a view has the name of a built-in function of Flink.

    Some of these are called without brackets, so that ``localtime`` or ``pi`` never means the column. Others, such as
    ``count``, are refused without brackets. A user-defined function with such a name is never found. A name in
    backquotes is not reported: it is unambiguous.

    **Anti-pattern**

    .. code-block:: sql

        select tag, max(ts) as localtime from {{ source('plant_readings') }} group by tag

    **Best practice**

    Choose another name, or write it in backquotes everywhere.

    .. code-block:: sql

        select tag, max(ts) as last_ts from {{ source('plant_readings') }} group by tag
    """

    name = "headrace.builtin_name"

    def check(self, subject: Subject) -> Violations:
        """Yield each column alias, CTE or view with the name of a built-in function."""
        aliases = (parse_tree.alias(target.segment) for select in subject.query.selects for target in select.targets)
        for identifier in [*filter(None, aliases), *subject.query.ctes]:
            if identifier.is_type("naked_identifier") and identifier.raw.lower() in flink_functions():
                yield identifier, f"'{identifier.raw}' is a built-in function of Flink"
        if subject.view in flink_functions() and subject.query.selects:
            first = subject.query.selects[0].segment
            yield first, f"the view '{subject.view}' has the name of a built-in function of Flink"
