"""`headrace submit` starts several jobs, and refuses options that do not go together before it starts anything."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from headrace.cli import app
from headrace.errors import CheckFailed, UserError
from headrace.operations.ledger import Entry
from headrace.operations.lifecycle import operation_context
from headrace.operations.lifecycle import submit as lifecycle
from support import ROOT

JOBS = ["historian/readings_v1", "historian/twin_v1", "condition/spikes_v1"]


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The jobs that were started, in order; of JOBS, the second one does not start."""
    names: list[str] = []

    @contextmanager
    def locked(*_arguments: Any) -> Iterator[SimpleNamespace]:
        yield SimpleNamespace()

    def submit(_context: object, name: str, **_options: object) -> Entry:
        if name == JOBS[1]:
            raise CheckFailed("its state cannot be kept", name)
        names.append(name)
        return Entry("d", name, 1, "running", "0" * 32, "r", "f", 1, "c", "me")

    monkeypatch.setattr(operation_context, "locked", locked)
    monkeypatch.setattr(lifecycle, "submit", submit)
    return names


def run(*words: str) -> Result:
    return CliRunner().invoke(app, ["submit", *words], env={"HEADRACE_PROJECT": str(ROOT), "COLUMNS": "200"})


def test_a_job_that_does_not_start_keeps_no_other_from_starting(started: list[str]) -> None:
    result = run(*JOBS, JOBS[0])
    assert started == [JOBS[0], JOBS[2]]
    assert [f"{name} is running" in result.output for name in JOBS] == [True, False, True]
    assert isinstance(result.exception, CheckFailed)
    assert [problem.where for problem in result.exception.problems] == [JOBS[1]]


def test_one_job_is_one_object_and_several_are_a_list(started: list[str]) -> None:
    assert json.loads(run(JOBS[0], "--json").output)["job"] == JOBS[0]
    assert [each["job"] for each in json.loads(run(JOBS[0], JOBS[2], "--json").output)] == [JOBS[0], JOBS[2]]
    assert len(started) == 3


@pytest.mark.parametrize(
    ("words", "what"),
    [
        ([*JOBS, "--from", "file:///s"], "a savepoint belongs to one job"),
        ([JOBS[0], "--until", "2024-01-01"], "--until belongs to --into"),
        ([JOBS[0], "--from", "2024-01-01"], "a time belongs to --into"),
        ([*JOBS, "--into", "r", "--from", "2024-01-01"], "only one job is replayed at a time"),
        ([JOBS[0], "--into", "r", "--from", "2024-01-01", "--bounded"], "ends by itself"),
        ([JOBS[0], "--into", "r"], "needs a time to begin at"),
        ([JOBS[0], "--into", "r", "--from", "soon"], "not a valid ISO-8601 time"),
        ([JOBS[0], "--into", "r", "--from", "2024-01-02", "--until", "2024-01-01"], "is not before --until"),
    ],
)
def test_options_that_do_not_go_together_are_refused(started: list[str], words: list[str], what: str) -> None:
    result = run(*words)
    assert isinstance(result.exception, UserError)
    assert what in str(result.exception)
    assert started == []
