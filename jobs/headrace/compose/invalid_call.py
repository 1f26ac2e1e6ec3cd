"""A call in a template that is not valid."""

from __future__ import annotations

from headrace.errors import Problem


class InvalidCall(Exception):
    """A call that is not valid; the code that renders the template adds the line of the call."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(problem.what)
