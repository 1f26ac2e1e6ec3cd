"""All that forbids a deployment, told before any of it is done."""

from __future__ import annotations

from collections.abc import Iterable

from headrace.errors import HeadraceError, Problem
from headrace.operations.deploy.actions import Action
from headrace.operations.lifecycle.job_state import require_compatible


def validate(actions: Iterable[Action], *, accept_loss: bool = False) -> None:
    """Raises all that forbids any of the actions at once, as the gravest of it: the one with the highest exit code."""
    problems: list[Problem] = []
    kinds: list[type[HeadraceError]] = []
    for action in actions:
        try:
            if action.error:
                raise action.error
            if action.verdict:
                require_compatible(action.job, action.verdict, accept_loss=accept_loss)
        except HeadraceError as error:
            problems += error.problems
            kinds.append(type(error))
    if problems:
        raise max(kinds, key=lambda kind: kind.exit_code)(problems)
