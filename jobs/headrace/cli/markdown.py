"""Markdown reports of `plan` and `deploy`, for a comment on a pull request or the summary of a pipeline run."""

from __future__ import annotations

import re
from collections.abc import Sequence

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from headrace.authoring.diff.report import Report
from headrace.operations.deploy.execute import Outcome
from headrace.operations.deploy.plan import Action

_MARKS = re.compile(r"([\\`*_{}\[\]<>#|~])")


def plan_comment(report: Report) -> str:
    """Return a plan as Markdown: how a change affects the jobs. Text from files and from Flink is escaped."""
    text = _template("plan.md.j2").render(report=report)
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def deploy_comment(env: str, actions: Sequence[Action], outcomes: Sequence[Outcome]) -> str:
    """Return a deployment as Markdown: its actions, and the result of each that was carried out."""
    done = {outcome.action.job: outcome for outcome in outcomes}
    failed = [problem for outcome in outcomes if outcome.error for problem in outcome.error.problems]
    problems = [*(problem for action in actions for problem in action.problems), *failed]
    return _template("deploy.md.j2").render(env=env, actions=actions, done=done, problems=problems)


def _template(name: str) -> Template:
    environment = Environment(
        loader=PackageLoader("headrace.cli"),
        # HTML escaping does not protect Markdown: text that may contain Markdown goes through `escaped` or `code`.
        autoescape=False,  # noqa: S701
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"escaped": _escaped, "code": _code}
    return environment.get_template(name)


def _escaped(text: object) -> str:
    """Return the text on one line, with its Markdown marks escaped."""
    return _MARKS.sub(r"\\\1", " ".join(str(text).split()))


def _code(text: str) -> str:
    """Return the text as a code span, without its backquotes."""
    return f"`{text.replace('`', '')}`"
