"""checks.sql is read statement by statement, and what is wrong in it is told at its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from headrace.errors import Place, Problem, UserError
from headrace.upkeep.checks import check_file


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def load(folder: Path, text: str) -> list[check_file.Check]:
    (folder / "checks.sql").write_text(text, encoding="utf-8")
    return check_file.load("plant/pumps_v1", folder)


def refused(folder: Path, text: str) -> list[Problem]:
    with pytest.raises(UserError) as error:
        load(folder, text)
    return error.value.problems


def test_a_job_without_the_file_has_no_checks(folder: Path) -> None:
    assert check_file.load("plant/pumps_v1", folder) == []


def test_each_select_is_a_check_with_the_name_before_it(folder: Path) -> None:
    text = (
        "-- Checks of the pump house.\n\n"
        "-- name: nothing is above the limit; ever\n"
        "-- It was once, in May.\n"
        "select 'a;b -- name: c' as text from plant.pumps where value > 9; -- name: no näme\n"
        "\n"
        "--name:each pump is known\n"
        "with é as (select * from plant.pumps)\n"
        "from é anti join plant.known on é.pump = known.pump\n"
        "-- name: of nothing\n"
    )
    first, second = load(folder, text)
    assert (first.name, first.where) == ("nothing is above the limit; ever", Place("checks.sql", 3))
    assert (second.name, second.where) == ("each pump is known", Place("checks.sql", 7))
    assert first.tables() == ["plant.pumps"]
    assert second.tables() == ["plant.known", "plant.pumps"]


def test_a_check_whose_tables_cannot_be_told_has_none(folder: Path) -> None:
    (check,) = load(folder, "-- name: a\nselect 1 from plant.pumps inner join plant.known using (pump)")
    assert check.tables() == []


def test_every_check_without_a_name_or_with_anothers_is_told_at_once(folder: Path) -> None:
    problems = refused(
        folder, "select 1;\n-- name: a\nselect 2;\n\n-- names are missing\nselect 3;\n-- name: a\nselect 4"
    )
    assert [(str(p.where), p.what) for p in problems] == [
        ("checks.sql:1", "the check has no name"),
        ("checks.sql:6", "the check has no name"),
        ("checks.sql:7", "checks.sql:2 has the name 'a' already"),
    ]
    assert problems[0].fix == "write `-- name: what must hold` on the line before the SELECT"


def test_a_name_within_the_select_names_nothing(folder: Path) -> None:
    (problem,) = refused(folder, "select\n    -- name: inside\n    1")
    assert str(problem).startswith("checks.sql:1: the check has no name")


def test_sql_that_is_none_is_told_at_its_line_and_column(folder: Path) -> None:
    (problem,) = refused(folder, "-- name: a\nselect 1;\n\n-- name: b\nselect 2\n  form plant.pumps where")
    assert str(problem.where) == "checks.sql:6:8"
    assert problem.what.startswith("Parser Error: syntax error at or near")


@pytest.mark.parametrize(
    "statement", ["drop table plant.pumps", "insert into plant.pumps values (1)", "set threads = 1"]
)
def test_what_is_no_select_is_refused(folder: Path, statement: str) -> None:
    (problem,) = refused(folder, f"-- name: a\nselect 1;\n\n-- name: b\n{statement};\n-- name: c\nselect 2")
    assert (str(problem.where), problem.what) == ("checks.sql:5", "a check is one SELECT")


def test_what_duckdb_rewrites_is_refused(folder: Path) -> None:
    (problem,) = refused(folder, "-- name: a\nselect 1;\n-- name: b\npivot plant.pumps on tag using sum(value)")
    assert problem.what == "a check is one SELECT"


@pytest.mark.parametrize("text", ["", "\n\n", "-- name: a\n"])
def test_a_file_without_a_check_is_told(folder: Path, text: str) -> None:
    (problem,) = refused(folder, text)
    assert (str(problem.where), problem.what) == ("checks.sql", "there is no check in it")


@pytest.mark.parametrize(
    ("told", "where"),
    [
        ("Binder Error: no such\ncolumn\n\nLINE 2: select valu,\n               ^", "checks.sql:12:8"),
        ("Binder Error: no such\ncolumn\n\nLINE 2: ...a, a, valu,\n                 ^", "checks.sql:12"),
        ("Binder Error: no such\ncolumn\n\nLINE 2: select valu,", "checks.sql:12"),
        ("Binder Error: no such column", "checks.sql:10"),
    ],
)
def test_what_duckdb_says_of_a_check_is_told_at_its_place_in_the_file(folder: Path, told: str, where: str) -> None:
    file = folder / "checks.sql"
    check = check_file.Check("plant/pumps_v1", "a", "\nselect valu,", file, 11, Place.of(file, 10))
    assert check.problem(Problem(told, fix="f")) == Problem("Binder Error: no such column", Place(*_parts(where)), "f")


def _parts(where: str) -> tuple[str, int, int]:
    file, line, column = (*where.split(":"), "0")[:3]
    return file, int(line), int(column)
