"""The commands of a fix are those of the environment that the command was given."""

from __future__ import annotations

import sys

import pytest

import headrace.cli
from headrace.errors import Problem

FIX = "see headrace catalog check"


@pytest.mark.parametrize(
    ("given", "fix", "note"),
    [
        (["status", "--env", "prod"], FIX, " (with --env prod)"),
        (["status", "--env=prod"], FIX, " (with --env prod)"),
        (["status"], FIX, ""),
        (["status", "--env", "prod"], "start the broker", ""),
        (["status", "--env", "prod"], "set it, or pick --env, and run headrace status", ""),
    ],
)
def test_a_fix_names_the_environment(
    given: list[str], fix: str, note: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["headrace", *given])
    headrace.cli._print(Problem("it is not there", "here", fix))
    assert capsys.readouterr().err.splitlines()[-1] == f"  fix {fix}{note}"
