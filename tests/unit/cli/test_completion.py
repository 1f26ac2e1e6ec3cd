"""Completion in a shell: of commands, jobs, tables and environments from files alone, and never a traceback."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for file in (
        "catalogs/local.yaml",
        "catalogs/prod.yaml",
        "sql/_sources/plant.yaml",
        "sql/_tables/_defaults.yaml",
        "sql/_tables/condition.hot.yaml",
        "sql/_tables/_system/historian.tags.yaml",
        "sql/condition/hot_v1/job.yaml",
        "sql/condition/hot_v1/tests/case/job.yaml",
        "sql/historian/readings_v1/job.yaml",
    ):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text("not: [valid")
    return tmp_path


def completions(folder: Path, line: str) -> list[str]:
    """What the shell offers for the last word of the line, which ends with a space if that word is empty."""
    words = line.split()
    last = len(words) if line.endswith(" ") else len(words) - 1
    asked = {"_HEADRACE_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(last)}
    without = {name: value for name, value in os.environ.items() if not name.startswith("HEADRACE_")}
    # The program's name decides the name of the variable.
    run = [sys.executable, "-c", "import sys; sys.argv = ['headrace']; from headrace.cli import main; main()"]
    ended = subprocess.run(run, cwd=folder, env={**without, **asked}, capture_output=True, text=True, check=False)
    assert ended.stderr == ""
    return ended.stdout.split()


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("headrace sub", ["submit"]),
        ("headrace tables ", ["plan", "apply", "load", "branches", "drop-branch", "drop"]),
        ("headrace render ", ["condition/hot_v1", "historian/readings_v1"]),
        ("headrace test condition/hot_v1 hist", ["historian/readings_v1"]),
        ("headrace deploy --only cond", ["condition/hot_v1"]),
        ("headrace maintain ", ["condition.hot", "historian.tags"]),
        ("headrace new a/b --source pl", ["plant"]),
        ("headrace query --env ", ["local", "prod"]),
        ("headrace history R8", []),  # the settings are not valid
        ("headrace local logs task", ["taskmanager"]),
    ],
)
def test_words_are_completed_from_the_files_of_the_project(project: Path, line: str, offered: list[str]) -> None:
    assert completions(project, line) == offered


def test_completing_a_tag_creates_nothing(pytestconfig: pytest.Config, tmp_path: Path) -> None:
    (tmp_path / "sql").mkdir()
    shutil.copytree(pytestconfig.rootpath / "catalogs", tmp_path / "catalogs")
    files = sorted(tmp_path.rglob("*"))
    assert completions(tmp_path, "headrace history R8") == []
    assert sorted(tmp_path.rglob("*")) == files


def test_outside_a_project_nothing_is_offered(tmp_path: Path) -> None:
    assert completions(tmp_path, "headrace render ") == []
