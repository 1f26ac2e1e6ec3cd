"""Jobs broken on purpose: each error names the author's own file and line, and a fix."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

import pytest

from headrace import cli

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[1]
SHARED = ("catalogs", "sql/_macros", "sql/_tables")
BROKEN = sorted(path for path in HERE.iterdir() if path.name[0].isdigit())


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for part in SHARED:
        shutil.copytree(REPOSITORY / part, tmp_path / part)
    shutil.copytree(HERE / "good", tmp_path, dirs_exist_ok=True)
    monkeypatch.setenv("HEADRACE_PROJECT", str(tmp_path))
    monkeypatch.setenv("HEADRACE_HOME", str(tmp_path / ".headrace"))
    monkeypatch.setenv("FLINK_HOME", str(REPOSITORY / ".headrace" / "flink"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("broken", BROKEN, ids=lambda path: path.name)
def test_a_broken_job_gives_the_expected_error(
    project: Path, broken: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(broken / "sql", project / "sql", dirs_exist_ok=True)
    command = (broken / "command").read_text().split()
    assert output_of(command, monkeypatch, capsys) == (broken / "expected.txt").read_text()


@pytest.mark.usefixtures("project")
def test_the_job_before_it_is_broken_passes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert output_of(["lint"], monkeypatch, capsys) == "exit 0\n"
    printed = output_of(["test"], monkeypatch, capsys)
    assert printed == "passed pumps/hot_v1 hot_and_cold\n\n1 passed, 0 failed\nexit 0\n"


def output_of(command: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    """Return the stdout and stderr of the command, without its durations, and its exit code."""
    monkeypatch.setattr(sys, "argv", ["headrace", *command])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    printed = capsys.readouterr()
    return re.sub(r" \([0-9.]+ s\)| in [0-9.]+ s", "", printed.out + printed.err) + f"exit {ended.value.code or 0}\n"
