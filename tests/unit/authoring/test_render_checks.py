"""`headrace render --checks` shows what DuckDB gets."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from headrace.cli import app
from headrace.errors import UserError
from support import ROOT


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["render", *arguments], env={"HEADRACE_PROJECT": str(ROOT)})
    if isinstance(result.exception, UserError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.stdout


def test_checks_and_expected_counts_are_shown_with_their_params() -> None:
    shown = json.loads(run("historian/rollup_1m_v1", "--checks", "--json"))["checks"]
    assert [*shown] == ["checks.sql.j2", "expected_counts.sql.j2"]
    text = run("condition/spikes_v1", "--checks")
    assert text.startswith("-- checks.sql.j2\n-- name: a tag has one row per hour\nSELECT\n")
    assert "where spikes <= 10 or spikes > readings" in text


def test_checks_have_no_diff() -> None:
    with pytest.raises(UserError, match="--checks and --diff cannot be combined"):
        run("condition/spikes_v1", "--checks", "--diff")
