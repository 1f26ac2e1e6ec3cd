"""A deployment as Markdown, to stand as a comment or in the summary of a pipeline's run."""

from __future__ import annotations

from collections.abc import Sequence

from headrace.deploy.actions import Action
from headrace.deploy.carry_out import Outcome
from headrace.markdown import template


def markdown(env: str, actions: Sequence[Action], outcomes: Sequence[Outcome]) -> str:
    """What is to be done, and, where it was, what came of it."""
    done = {outcome.action.job: outcome for outcome in outcomes}
    failed = [problem for outcome in outcomes if outcome.error for problem in outcome.error.problems]
    problems = [*(problem for action in actions for problem in action.problems), *failed]
    return template("headrace.deploy", "deploy.md.j2").render(env=env, actions=actions, done=done, problems=problems)
