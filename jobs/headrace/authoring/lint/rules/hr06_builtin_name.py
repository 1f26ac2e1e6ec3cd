from __future__ import annotations

from headrace.authoring.lint import tree
from headrace.authoring.lint.rules.base import BaseRule, Subject, Violations
from headrace.compose.flink_functions import flink_functions


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

    def check(self, subject: Subject) -> Violations:
        aliases = (tree.alias(target.segment) for select in subject.query.selects for target in select.targets)
        for given in [*filter(None, aliases), *subject.query.ctes]:
            if given.is_type("naked_identifier") and given.raw.lower() in flink_functions():
                yield given, f"'{given.raw}' is a built-in function of Flink"
        if subject.view in flink_functions() and subject.query.selects:
            first = subject.query.selects[0].segment
            yield first, f"the view is called '{subject.view}', as a built-in function of Flink is"
