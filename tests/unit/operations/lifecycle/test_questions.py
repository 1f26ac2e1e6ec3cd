"""Services are asked at once, and one that hangs costs only its own answer."""

from __future__ import annotations

import threading
import time

import pytest

from headrace.errors import PlatformError, Problem
from headrace.operations.lifecycle.questions import Question, answers


def test_one_that_hangs_and_one_that_fails_cost_no_other_answer() -> None:
    hang, began = threading.Event(), time.monotonic()

    def fail() -> None:
        raise PlatformError("no")

    given = answers(
        [
            Question("the catalog", "c.db", "unlock it", lambda: hang.wait(30)),
            Question("Kafka", "k", "start it", fail),
            Question("Flink", "f", "start it", lambda: [1]),
        ],
        limit_s=2,
    )
    hang.set()
    assert time.monotonic() - began < 10
    silent, failed, answered = given
    assert silent.problems == [Problem("the catalog does not answer within 2 s", "c.db", "unlock it")]
    assert failed.problems == [Problem("no")]
    assert answered == [1]


def test_questions_are_asked_at_the_same_time() -> None:
    both = threading.Barrier(2)
    assert answers([Question("s", "w", "f", lambda: both.wait(10) >= 0)] * 2, limit_s=10) == [True, True]


def test_a_fault_of_the_program_is_not_taken_for_a_silent_service() -> None:
    with pytest.raises(ZeroDivisionError):
        answers([Question("s", "w", "f", lambda: 1 / 0)])
