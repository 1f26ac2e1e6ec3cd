"""`headrace check` against real Iceberg tables: checks that hold, rows that break one, and faults of the file."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from typer import Typer
from typer.testing import CliRunner

from headrace.cli.check import check as command
from headrace.environment import iceberg, settings
from headrace.environment.apply import table_changes
from headrace.environment.settings import Settings
from headrace.errors import CheckFailed, HeadraceError, UserError
from headrace.project import table_files
from headrace.project.paths import Project
from headrace.upkeep.checks import run_checks

JOB = "historian/readings_v1"
START = datetime(2026, 1, 1, tzinfo=UTC)
GOOD, BAD = 0, 0x80000000


def reading(n: int, **changed: Any) -> dict[str, Any]:
    """The nth good reading."""
    at = START + timedelta(seconds=n)
    measured = {"tag": "t", "ts": at, "value": 1.0, "quality": GOOD, "ingested_at": at}
    return {**measured, "src_topic": "plant", "src_partition": 0, "src_offset": n, "src_index": 0, **changed}


class Plant:
    """A separate project for the test, with its tables."""

    def __init__(self, project: Project, local: Settings) -> None:
        self.project = project
        self.settings = local
        self.file = project.sql / JOB / "checks.sql.j2"

    def store(self, table: str, rows: list[dict[str, Any]]) -> None:
        schema = table_files.load_all(self.project)[table].arrow_schema()
        loaded = iceberg.load_table(iceberg.connect(self.settings), table)
        loaded.append(pa.Table.from_pylist(rows, schema))

    def run(self, *names: str) -> list[run_checks.CheckResult]:
        return run_checks.run(self.project, self.settings, names or [JOB])

    def broken(self) -> dict[str, int]:
        return {result.name: result.broken for result in self.run() if result.broken}


@pytest.fixture
def plant(pytestconfig: pytest.Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plant:
    for part in ("catalogs", "sql/_macros", "sql/_sources", "sql/_tables", f"sql/{JOB}"):
        shutil.copytree(pytestconfig.rootpath / part, tmp_path / part)
    monkeypatch.chdir(tmp_path)
    # That of the platform of other tests.
    monkeypatch.delenv("HEADRACE_HOME", raising=False)
    project = Project.find(tmp_path)
    local = settings.load(project, "local")
    table_changes.apply(project, local, ["historian.readings", "historian.dead_letters"])
    return Plant(project, local)


def command_line(*words: str) -> tuple[int, str, HeadraceError | None]:
    """Exit code of `headrace check WORDS`, what it printed, and the error it ended with."""
    app = Typer()
    app.command()(command)
    ended = CliRunner().invoke(app, list(words), env={"COLUMNS": "80"})
    error = ended.exception if isinstance(ended.exception, HeadraceError) else None
    assert error or not ended.exception, ended.output
    return error.exit_code if error else ended.exit_code, ended.stdout, error


def test_the_checks_of_the_readings_hold_for_what_the_line_stores(plant: Plant) -> None:
    rows = [
        reading(0),
        reading(1, value=7.0),
        reading(2, quality=BAD),
        reading(3, value=None),
        reading(4, src_partition=1, src_offset=0),
        reading(5, src_offset=0, src_index=1),
        reading(6, src_topic="other", src_offset=0),
    ]
    plant.store("historian.readings", rows)
    plant.store("historian.dead_letters", [dead_letter(9, JOB), dead_letter(0, "other/job_v1")])
    assert plant.broken() == {}


def dead_letter(offset: int, job: str) -> dict[str, Any]:
    return {"src_topic": "plant", "src_partition": 0, "src_offset": offset, "src_index": 0, "job": job}


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({"src_offset": 0}, "a reading is stored once, by its position in the topic"),
        ({"src_offset": 9}, "a stored reading is not a dead letter of this job"),
        ({"quality": -1}, "the quality is an OPC UA StatusCode"),
        ({"quality": 0xC0000000}, "the quality is an OPC UA StatusCode"),
        ({"ts": datetime(1999, 12, 31, tzinfo=UTC)}, "the time is within the contract's bounds"),
        ({"ts": START + timedelta(hours=1)}, "the time is within the contract's bounds"),
    ],
)  # fmt: skip
def test_each_check_of_the_readings_finds_what_breaks_it(plant: Plant, changed: dict[str, Any], name: str) -> None:
    plant.store("historian.readings", [reading(0), reading(1, **changed), reading(2)])
    plant.store("historian.dead_letters", [dead_letter(9, JOB)])
    assert plant.broken() == {name: 1}


def test_rows_that_break_a_check_are_counted_and_the_first_ten_are_shown(plant: Plant) -> None:
    plant.file.write_text(
        "-- name: nothing is stored\n"
        "select src_offset, ts, 'nan'::double as nan from historian.readings order by src_offset;\n"
        "-- name: no tag is empty\n"
        "select tag from historian.readings where tag = ''"
    )
    plant.store("historian.readings", [reading(n) for n in range(12_345)])
    code, printed, error = command_line(JOB)
    assert code == 1
    assert isinstance(error, CheckFailed)
    assert str(error) == f"sql/{JOB}/checks.sql.j2:1: 12,345 rows of {JOB} break 'nothing is stored'"
    words = " ".join(printed.split())
    assert "nothing is stored 12,345 " in words
    assert "no tag is empty 0 " in words
    assert "nothing is stored, the first 10 of 12,345:" in words
    assert "9 2026-01-01T00:00:09+00:00 nan" in words
    assert "2026-01-01T00:00:10" not in words

    code, printed, _ = command_line(JOB, "--json")
    report = json.loads(printed)
    assert code == 1
    assert report["no_checks"] == []
    assert [(check["name"], check["holds"], check["broken"]) for check in report["checks"]] == [
        ("nothing is stored", False, 12_345),
        ("no tag is empty", True, 0),
    ]
    assert report["checks"][0]["rows"][0] == {"src_offset": 0, "ts": "2026-01-01T00:00:00+00:00", "nan": None}
    assert report["checks"][0]["where"] == f"sql/{JOB}/checks.sql.j2:1"


def test_all_jobs_are_checked_and_one_without_checks_is_shown(plant: Plant) -> None:
    other = plant.project.sql / "historian" / "readings_v2"
    shutil.copytree(plant.file.parent, other)
    (other / "checks.sql.j2").unlink()
    job = other / "job.yaml"
    job.write_text(job.read_text().replace("name: historian/readings_v1", "name: historian/readings_v2"))
    code, printed, error = command_line()
    assert (code, error) == (0, None)
    assert "historian/readings_v1" in printed
    assert "historian/readings_v2: no checks" in printed
    assert json.loads(command_line("--json")[1])["no_checks"] == ["historian/readings_v2"]


def test_every_fault_of_the_sql_is_reported_at_its_place(plant: Plant) -> None:
    plant.file.write_text(
        "-- name: a column that does not exist\n"
        "select tag\n"
        "from historian.readings\n"
        "where valu > 1;\n"
        "\n"
        "-- name: a table that was never created\n"
        "select *\n"
        "from historian.tags;\n"
        "-- name: a misspelt table\n"
        "select * from historian.reading;\n"
        "-- name: a text that is not a number\n"
        "select tag from historian.readings where value > tag::double"
    )
    plant.store("historian.readings", [reading(0)])
    code, printed, error = command_line(JOB)
    assert (code, printed) == (2, "")
    assert isinstance(error, UserError)
    file = f"sql/{JOB}/checks.sql.j2"
    column, absent, misspelt, number = error.problems
    assert str(column.where) == f"{file}:4:7"
    assert column.what.startswith('Binder Error: Referenced column "valu" not found in FROM clause!')
    assert str(absent) == f"{file}:6: there is no table 'historian.tags'\n  fix: create it: headrace tables apply"
    assert str(misspelt).endswith("there is no table 'historian.reading'\n  fix: did you mean 'historian.readings'?")
    assert str(number.where).startswith(f"{file}:12")
    assert "Could not convert string 't' to DOUBLE" in number.what


def test_an_unknown_job_is_refused(plant: Plant) -> None:
    with pytest.raises(UserError, match=r"there is no job 'historian/reading_v1'\n  fix: did you mean"):
        plant.run("historian/reading_v1")
