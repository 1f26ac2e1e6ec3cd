"""`headrace status` names the tables that are slow because of their metadata, and asks for them as for all else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from headrace.cli import app
from headrace.environment import settings
from headrace.environment.apply import table_changes
from headrace.operations.lifecycle import observations
from headrace.project.paths import Project
from headrace.project.system_tables import DEPLOYMENTS, READINGS
from headrace.upkeep.maintain import metadata_files
from support import ROOT


def test_status_shows_the_tables_whose_metadata_is_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = Project(ROOT, tmp_path)
    table_changes.apply(project, settings.load(project, "local"), [DEPLOYMENTS, READINGS])
    monkeypatch.setenv("HEADRACE_PROJECT", str(ROOT))
    monkeypatch.setenv("HEADRACE_HOME", str(tmp_path))
    monkeypatch.setattr(observations, "_cluster", lambda _settings: NoJobs())
    assert json.loads(CliRunner().invoke(app, ["status", "--json"]).stdout)["large_tables"] == []
    monkeypatch.setattr(metadata_files, "LARGE", 1000)
    shown = CliRunner().invoke(app, ["status"])
    assert shown.exit_code == 0
    assert f"{READINGS}: its metadata is 0 MB" in shown.stdout
    assert len(json.loads(CliRunner().invoke(app, ["status", "--json"]).stdout)["large_tables"]) == 2


class NoJobs:
    """A cluster without jobs."""

    def jobs(self) -> list[object]:
        return []
