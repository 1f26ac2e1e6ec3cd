"""Ask several services at once, each with a time limit: one that hangs holds up no other answer."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Thread
from typing import Any

from headrace.errors import HeadraceError, PlatformError

LIMIT_S = 15
"""Seconds that a question may take. Most services report sooner themselves that they get no answer."""


@dataclass(frozen=True)
class Question:
    """A call to a service, its name at the beginning of a sentence, its address, and what to do if it is silent."""

    service: str
    where: str
    fix: str
    ask: Callable[[], Any]


def answers(questions: Sequence[Question], limit_s: float = LIMIT_S) -> list[Any | HeadraceError]:
    """Return the answers in the order of the questions, within `limit_s` seconds in total.

    Instead of an answer there is the HeadraceError that the question raised, or a PlatformError if its time is up.
    Any other exception of a question is raised.
    """
    asked = [_Asked(question) for question in questions]
    for each in asked:
        each.start()
    end = time.monotonic() + limit_s
    for each in asked:
        each.join(max(0.0, end - time.monotonic()))
    return [each.outcome(limit_s) for each in asked]


class _Asked(Thread):
    def __init__(self, question: Question) -> None:
        # A daemon: a question that hangs must not keep the command from ending.
        super().__init__(daemon=True)
        self._question = question
        self._answer: Any = None
        self._error: Exception | None = None
        self._done = False

    def run(self) -> None:
        try:
            self._answer = self._question.ask()
        except Exception as error:
            self._error = error
        self._done = True

    def outcome(self, limit_s: float) -> Any | HeadraceError:
        if not self._done:
            what = f"{self._question.service} does not answer within {limit_s:g} s"
            return PlatformError(what, self._question.where, self._question.fix)
        if self._error and not isinstance(self._error, HeadraceError):
            raise self._error
        return self._error or self._answer
