"""What a rule of ours is: a rule of sqlfluff's that also knows the job it is in."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import dataclass

from sqlfluff.core import rules
from sqlfluff.core.parser import BaseSegment
from sqlfluff.core.plugin.host import get_plugin_manager
from sqlfluff.core.rules.crawlers import RootOnlyCrawler

from headrace.authoring.lint.query import Query
from headrace.project.job import Job

# sqlfluff wants its own plugins there before it sees a rule of someone else's.
get_plugin_manager()

Violations = Iterator[tuple[BaseSegment, str]]
"""Places, and what is wrong there."""


@dataclass(frozen=True)
class Subject:
    """A template as the rules see it: a sink's or a shared view's. `key`: the columns that the sink is upserted by."""

    query: Query
    job: Job
    sink: str | None = None
    view: str | None = None
    key: tuple[str, ...] = ()


class BaseRule(rules.BaseRule):
    """A rule over a whole template. Its docstring is its documentation, in the form that sqlfluff's rules have.

    The code is in the class's name, `Rule_HR01`; the docstring's first line says what is wrong, the text before the
    Anti-pattern why it matters, the first sentences of the Best practice what mends it: those go into each finding.
    """

    groups = ("all", "headrace")
    crawl_behaviour = RootOnlyCrawler()
    subject: Subject

    def check(self, subject: Subject) -> Violations:
        """Yield what is wrong in the template."""
        raise NotImplementedError

    def _eval(self, context: rules.RuleContext) -> list[rules.LintResult]:  # noqa: ARG002 - sqlfluff's signature
        return [rules.LintResult(place, description=what) for place, what in self.check(self.subject)]


def advice(rule: rules.BaseRule) -> str:
    """What mends it: the first paragraph under `**Best practice**` of a rule's documentation, sqlfluff's or ours."""
    _, _, after = inspect.cleandoc(rule.__doc__ or "").partition("**Best practice**\n\n")
    text = " ".join(after.split("\n\n")[0].split()).replace("``", "`")
    if not text or text.startswith((".. ", "* ")):
        return f"sqlfluff's documentation tells more of {rule.code} ({rule.name})"
    return text.rstrip(".:")
