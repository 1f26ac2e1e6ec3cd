"""Reports as Markdown, to be posted as a comment on a pull request or shown in the summary of a pipeline's run."""

from __future__ import annotations

import re
from collections.abc import Sequence

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from headrace.authoring.diff.report import Report
from headrace.operations.deploy.actions import Action
from headrace.operations.deploy.execute import Outcome

_MARKS = re.compile(r"([\\`*_{}\[\]<>#|~])")


def plan_comment(report: Report) -> str:
    """What a change does to the jobs, as Markdown; text from files and from Flink is escaped."""
    text = _template("plan.md.j2").render(report=report)
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def deploy_comment(env: str, actions: Sequence[Action], outcomes: Sequence[Outcome]) -> str:
    """What a deployment will do, and for each action that was carried out, its result."""
    done = {outcome.action.job: outcome for outcome in outcomes}
    failed = [problem for outcome in outcomes if outcome.error for problem in outcome.error.problems]
    problems = [*(problem for action in actions for problem in action.problems), *failed]
    return _template("deploy.md.j2").render(env=env, actions=actions, done=done, problems=problems)


def _template(name: str) -> Template:
    environment = Environment(
        loader=PackageLoader("headrace.cli"),
        # Markdown has marks of its own; what may hold one goes through `escaped` or `code`.
        autoescape=False,  # noqa: S701
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"escaped": _escaped, "code": _code}
    return environment.get_template(name)


def _escaped(text: object) -> str:
    """Text in one line, its Markdown signs made plain."""
    return _MARKS.sub(r"\\\1", " ".join(str(text).split()))


def _code(text: str) -> str:
    """Text as a span of code."""
    return f"`{text.replace('`', '')}`"
