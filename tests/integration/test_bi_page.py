"""The examples of docs/bi.md, run on a small plant: every way to query returns the same answer."""

from __future__ import annotations

import csv
import io
import re
import shlex
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from headrace import cli
from headrace.environment import settings, warehouse
from headrace.historian.tags import tags
from headrace.project.paths import Project
from support import ROOT
from support.worlds.pumps import empty_plant, store

PAGE = ROOT / "docs" / "bi.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
START = datetime(2014, 1, 1, tzinfo=UTC)

Row = tuple[str, datetime, float, int]


@pytest.fixture
def project(pytestconfig: pytest.Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A checkout with one day of two tags of a turbine, one hour of it bad, and of a stepped tag."""
    plant = empty_plant(pytestconfig.rootpath, tmp_path)
    (tmp_path / ".headrace").symlink_to(plant.home)
    (tmp_path / "jobs").symlink_to(pytestconfig.rootpath / "jobs")
    listed = [
        {"tag": "R80711.wind_speed", "interpolation": "linear"},
        {"tag": "R80711.active_power", "interpolation": "linear"},
        {"tag": "R80711.state", "interpolation": "step"},
    ]
    tags.import_tags(settings.load(plant, "local"), pa.Table.from_pylist(listed))
    times = [START + timedelta(minutes=at) for at in range(-10, 1460, 10)]
    store(
        plant,
        [
            (str(tag["tag"]), ts, (number * 7 % 31) / 3, 0x80000000 if ts.hour == 7 else 0)
            for tag in listed
            for number, ts in enumerate(times)
        ],
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HEADRACE_PROJECT", raising=False)
    monkeypatch.delenv("HEADRACE_HOME", raising=False)
    return plant


def blocks() -> list[tuple[str, str]]:
    """Return language and text of each block of the section Questions."""
    section = PAGE.read_text(encoding="utf-8").split("## Questions\n")[1].split("\n## ", maxsplit=1)[0]
    return [(block[1], block[2]) for block in BLOCK.finditer(section)]


def rows(frame: Any) -> list[Row]:
    """Return the rows of a data frame from DuckDB or the Historian."""
    columns = (frame[each] for each in ("tag", "ts", "value", "quality"))
    return [(tag, ts.to_pydatetime(), value, quality) for tag, ts, value, quality in zip(*columns, strict=True)]


def rows_of_csv(text: str) -> list[Row]:
    return [
        (row["tag"], datetime.fromisoformat(row["ts"]), float(row["value"] or "nan"), int(row["quality"]))
        for row in csv.DictReader(io.StringIO(text))
    ]


@pytest.mark.usefixtures("project")
def test_the_shell_python_and_duckdb_return_the_same_answer(
    monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    answers: dict[str, list[Row]] = {}
    for language, text in blocks():
        if language == "python":
            known: dict[str, Any] = {}
            exec(text, known)  # noqa: S102 - the page's own
            answers[text] = rows(known["means"])
            continue
        for line in text.splitlines():
            runner, *words = shlex.split(line)
            assert runner == "./run"
            monkeypatch.setattr("sys.argv", words)
            with pytest.raises(SystemExit) as ended:
                cli.main()
            assert not ended.value.code
            printed = capfdbinary.readouterr().out.decode()
            if "--csv" in words:
                answers[line] = rows_of_csv(printed)
            else:
                assert "2014-01-01 08:30:00" in printed
    assert [language for language, _ in blocks()] == ["sh", "python", "python"]
    assert len(answers) == 4
    first, *others = answers.values()
    assert len(first) == 3 * 24
    assert {row[3] for row in first} == {0x401, 0x40A40401, 0x809B0000}
    for other in others:
        assert [(row[0], row[1], row[3]) for row in other] == [(row[0], row[1], row[3]) for row in first]
        assert [row[2] for row in other] == pytest.approx([row[2] for row in first], rel=1e-9, nan_ok=True)


def test_the_page_lists_every_macro_with_its_parameters(project: Project) -> None:
    macros = (
        "select function_name, parameters from duckdb_functions()"
        " where function_type = 'table_macro' and not internal and function_name[1] != '_'"
    )
    with warehouse.open(settings.load(project, "local")) as connection:
        functions = warehouse.ask(connection, macros).fetchall()
    rows = {f"| `{name}({', '.join(parameters)})` |" for name, parameters in functions}
    assert rows == set(re.findall(r"^\| `\w+\(.*?\)` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE))
