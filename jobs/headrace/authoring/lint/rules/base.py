"""The base of headrace's lint rules: a sqlfluff rule that also knows the job."""

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

# sqlfluff must load its own plugins before it accepts a rule from elsewhere.
get_plugin_manager()

Violations = Iterator[tuple[BaseSegment, str]]
"""Segments that violate a rule, each with what is wrong there."""


@dataclass(frozen=True)
class Subject:
    """The template that a rule checks, of a sink or a shared view.

    `key`: the key columns of an upsert sink. `fractional`: the columns of the sink whose values have fractions.
    """

    query: Query
    job: Job
    sink: str | None = None
    view: str | None = None
    key: tuple[str, ...] = ()
    fractional: frozenset[str] = frozenset()


class BaseRule(rules.BaseRule):
    """A rule over a whole template. Its docstring is its documentation, in the form of sqlfluff's rules.

    The code is in the class's name, `Rule_HR01`. The docstring's first line says what is wrong, the text before the
    Anti-pattern says why it matters, and the first paragraph of the Best practice says how to fix it. That paragraph
    is the fix in each finding.
    """

    groups = ("all", "headrace")
    crawl_behaviour = RootOnlyCrawler()
    subject: Subject

    def check(self, subject: Subject) -> Violations:
        """Yield the violations in the template."""
        raise NotImplementedError

    def _eval(self, context: rules.RuleContext) -> list[rules.LintResult]:  # noqa: ARG002 - sqlfluff's signature
        return [rules.LintResult(place, description=what) for place, what in self.check(self.subject)]


def advice(rule: rules.BaseRule) -> str:
    """Return how to fix a violation: the first paragraph under `**Best practice**` of a rule's documentation."""
    _, _, after = inspect.cleandoc(rule.__doc__ or "").partition("**Best practice**\n\n")
    text = " ".join(after.split("\n\n")[0].split()).replace("``", "`")
    if not text or text.startswith((".. ", "* ")):
        return f"see {rule.code} ({rule.name}) in sqlfluff's documentation"
    return text.rstrip(".:")
