"""A deployment as Markdown, to stand as a comment or in the summary of a pipeline's run."""

from __future__ import annotations

from collections.abc import Sequence

from jinja2 import Environment, PackageLoader, StrictUndefined

from headrace.compare.markdown import code, escaped
from headrace.deploy.actions import Action
from headrace.deploy.carry_out import Outcome


def markdown(env: str, actions: Sequence[Action], outcomes: Sequence[Outcome]) -> str:
    """What is to be done, and, where it was, what came of it."""
    environment = Environment(
        loader=PackageLoader("headrace.deploy", "."),
        # Markdown has marks of its own; what may hold one goes through `escaped` or `code`.
        autoescape=False,  # noqa: S701
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"escaped": escaped, "code": code}
    done = {outcome.action.job: outcome for outcome in outcomes}
    failed = [problem for outcome in outcomes if outcome.error for problem in outcome.error.problems]
    problems = [*(problem for action in actions for problem in action.problems), *failed]
    return environment.get_template("deploy.md.j2").render(env=env, actions=actions, done=done, problems=problems)
