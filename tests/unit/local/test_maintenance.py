"""The local platform maintains its tables by itself."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from headrace.local import maintenance
from headrace.local.layout import Layout
from headrace.project.paths import Project
from support import ROOT


def test_the_program_runs_again_after_each_run_also_if_one_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(maintenance, "FIRST_S", 0)
    monkeypatch.setattr(maintenance, "EVERY_S", 0.01)
    script = tmp_path / "it's 100% a program.sh"
    script.write_text('echo run "$1"; exit 3\n', encoding="utf-8")
    loop = subprocess.Popen(maintenance.repeated(["sh", str(script), "$0 x"]), stdout=subprocess.PIPE, text=True)
    try:
        assert loop.stdout
        assert [loop.stdout.readline() for _ in range(3)] == ["run $0 x\n"] * 3
    finally:
        loop.kill()
        loop.communicate()


def test_it_maintains_the_tables_of_its_own_project_and_home(tmp_path: Path) -> None:
    *_, nice, env, project, home, python, isolated, module, name, command = maintenance.command(
        Layout.of(Project(ROOT, tmp_path))
    )
    assert (nice, env, python, isolated, module) == ("nice", "env", sys.executable, "-I", "-m")
    done = subprocess.run(
        [env, project, home, python, isolated, module, name, command], capture_output=True, text=True, check=False
    )
    # No table has been created in this home.
    assert f"{tmp_path}/local/catalog.db" in done.stderr
    assert "there is no catalog" in done.stderr
