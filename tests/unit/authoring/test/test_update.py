"""--update accepts rows of a case that ran, and nothing else; both outputs report what was written and what failed."""

from __future__ import annotations

import importlib
import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from headrace import cli
from headrace.authoring import test
from headrace.authoring.test.run import DEAD_COLUMNS, Outcome, outcome
from headrace.environment import settings
from headrace.errors import PlatformError, Problem, UserError
from headrace.planner.in_process.values import Row
from headrace.project import job_folder
from headrace.project.paths import Project
from headrace.project.system_tables import DEAD_LETTERS
from support import ROOT

RUN = importlib.import_module("headrace.authoring.test.run")
NO_CLUSTER: Any = None
JOB = "pumps/hot_v1"
HOT = "pumps.hot"
LATE = "historian.late_readings"
DEAD = {"code": "not_json", "message": "m", "stage": "decode", "src_offset": 1, "src_index": 0, "payload": b"{"}
Command = Callable[..., tuple[int, str]]


def row(value: float = 91.5) -> Row:
    ts = datetime(2024, 1, 1, tzinfo=UTC)
    return {
        "tag": "P1",
        "ts": ts,
        "value": value,
        "src_topic": "pumps",
        "src_partition": 0,
        "src_offset": 0,
        "src_index": 0,
    }


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    for part in ("catalogs", "sql/_macros", "sql/_tables"):
        shutil.copytree(ROOT / part, tmp_path / part)
    shutil.copytree(ROOT / "tests" / "broken" / "good", tmp_path, dirs_exist_ok=True)
    monkeypatch.setenv("HEADRACE_PROJECT", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    (case_of(tmp_path) / "expect.pumps.latest.csv").unlink()
    (case_of(tmp_path) / f"expect.{HOT}.csv").write_text("tag,value\nP1,91.5\n")
    return Project(tmp_path, tmp_path / "home")


def case_of(root: Path) -> Path:
    return root / "sql" / JOB / "tests" / "hot_and_cold"


@pytest.fixture
def command(project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Return a function that runs `headrace test` as if Flink had written the rows, or had failed."""

    def headrace_test(result: dict[str, list[Row]] | Exception, *options: str) -> tuple[int, str]:
        def rows(*_: object) -> dict[str, list[Row]]:
            assert project.root.is_dir()
            if isinstance(result, Exception):
                raise result
            return result

        monkeypatch.setattr(RUN, "run_case", rows)
        monkeypatch.setattr(test, "run", lambda of, env, cases: [outcome(of, env, NO_CLUSTER, case) for case in cases])
        monkeypatch.setattr("sys.argv", ["headrace", "test", JOB, *options])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return int(ended.value.code or 0), capsys.readouterr().out

    return headrace_test


def files(project: Project) -> dict[str, str]:
    return {path.name: path.read_text() for path in case_of(project.root).glob("expect.*")}


FAILURES = [
    UserError([Problem("the schema is not a valid Avro schema", None, "correct it")]),
    UserError([Problem("column 'x' not found", None, "name another")]),
    PlatformError("the worker ended"),
    {HOT: [row(1.0)], DEAD_LETTERS: [DEAD]},
]


@pytest.mark.parametrize("failure", FAILURES, ids=["schema", "sql", "worker", "dead letter"])
@pytest.mark.parametrize("options", [(), ("--update",), ("--json",), ("--update", "--json")], ids=" ".join)
def test_a_case_that_failed_is_reported_and_not_accepted(
    project: Project, command: Command, failure: Any, options: tuple[str, ...]
) -> None:
    before = files(project)
    code, printed = command(failure, *options)
    reason = "1 rows in historian.dead_letters" if isinstance(failure, dict) else failure.problems[0].what
    assert code == 1
    assert reason in printed
    assert files(project) == before
    if "--json" in options:
        (report,) = json.loads(printed)
        assert (report["verdict"], report["passed"], report["written"]) == ("failed", False, [])
        assert reason in report["problems"][0]["what"]
    else:
        assert "failed pumps/hot_v1 hot_and_cold" in printed
        assert "1 failed" in printed


def test_rows_that_differ_are_written_and_reported(project: Project, command: Command) -> None:
    code, printed = command({HOT: [row(1.0), row(2.0)], DEAD_LETTERS: []}, "--update")
    assert code == 0
    assert "updated pumps/hot_v1 hot_and_cold" in printed
    assert f"written sql/{JOB}/tests/hot_and_cold/expect.{HOT}.csv: 2 rows" in printed
    assert "91.5" in printed
    assert "1 updated" in printed
    assert files(project) == {f"expect.{HOT}.csv": "tag,value\nP1,1.0\nP1,2.0\n"}


def test_an_empty_text_is_written_as_json_because_an_empty_cell_is_null(project: Project, command: Command) -> None:
    code, printed = command({HOT: [{**row(1.0), "tag": ""}], DEAD_LETTERS: []}, "--update")
    assert code == 0
    assert '""' in printed
    assert files(project) == {f"expect.{HOT}.jsonl": '{"tag": "", "value": 1.0}\n'}
    assert command({HOT: [{**row(1.0), "tag": ""}], DEAD_LETTERS: []})[0] == 0


def test_json_reports_what_was_written(project: Project, command: Command) -> None:
    code, printed = command({HOT: [row(1.0)], LATE: [{"key": "P1", "ts": row()["ts"]}]}, "--update", "--json")
    (report,) = json.loads(printed)
    assert code == 0
    assert (report["verdict"], report["passed"]) == ("updated", False)
    folder = f"sql/{JOB}/tests/hot_and_cold"
    assert report["written"] == [
        {"path": f"{folder}/expect.{HOT}.csv", "rows": 1},
        {"path": f"{folder}/expect.{LATE}.csv", "rows": 1},
    ]
    assert files(project).keys() == {f"expect.{HOT}.csv", f"expect.{LATE}.csv"}


def test_a_case_that_passes_is_not_written(project: Project, command: Command) -> None:
    path = case_of(project.root) / f"expect.{HOT}.csv"
    path.write_text("tag,value\nP1,91.50\n")
    code, printed = command({HOT: [row()], DEAD_LETTERS: []}, "--update")
    assert code == 0
    assert "passed pumps/hot_v1 hot_and_cold" in printed
    assert path.read_text() == "tag,value\nP1,91.50\n"


def test_a_new_case_gets_its_files(project: Project, command: Command) -> None:
    (case_of(project.root) / f"expect.{HOT}.csv").unlink()
    code, printed = command({HOT: [row()], DEAD_LETTERS: [DEAD], LATE: []}, "--update")
    assert code == 0
    assert "updated" in printed
    assert files(project).keys() == {f"expect.{HOT}.csv", f"expect.{DEAD_LETTERS}.csv"}
    assert command({HOT: [row()], DEAD_LETTERS: [DEAD], LATE: []})[0] == 0


def test_dead_letters_are_accepted_once_a_file_expects_them(project: Project, command: Command) -> None:
    path = case_of(project.root) / f"expect.{DEAD_LETTERS}.csv"
    path.write_text(",".join(DEAD_COLUMNS) + "\n")
    assert command({HOT: [row()], DEAD_LETTERS: [DEAD]}, "--update")[0] == 0
    assert path.read_text().splitlines()[1:] == ["not_json,m,decode,1,0"]


def test_a_file_of_expected_rows_that_cannot_be_read_is_not_overwritten(project: Project, command: Command) -> None:
    path = case_of(project.root) / f"expect.{HOT}.csv"
    path.write_text("tag,amount\nP1,1\n")
    code, printed = command({HOT: [row()], DEAD_LETTERS: []}, "--update")
    assert code == 1
    assert "amount" in printed
    assert path.read_text() == "tag,amount\nP1,1\n"


def test_an_outcome_without_rows_writes_nothing(project: Project) -> None:
    folder = job_folder.load(project, JOB)
    (case,) = test.load(project, folder)
    assert settings.load(project, "local")
    assert test.update(folder.job, Outcome(case, 0, {}, problems=(Problem("it failed"),))) == []


def test_rows_expected_in_a_sink_that_the_job_never_writes_are_missing(project: Project, command: Command) -> None:
    (case_of(project.root) / f"expect.{LATE}.csv").write_text("key\nP1\n")
    code, printed = command({HOT: [row()]})
    assert code == 1
    assert LATE in "".join(printed.split())
    assert command({HOT: [row()]}, "--update")[0] == 0
    assert files(project)[f"expect.{LATE}.csv"] == "key\n"
