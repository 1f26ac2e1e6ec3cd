"""checks.sql.j2 is read statement by statement, and each fault is reported at its line."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from headrace.compose.source_map import Rendered
from headrace.environment import settings
from headrace.errors import Place, Problem, UserError
from headrace.project import job_folder
from headrace.project.job_folder import JobFolder
from headrace.project.paths import Project
from headrace.upkeep.checks import check_file
from headrace.upkeep.checks.duckdb_script import DuckDbScript, Select
from support import ROOT

JOB = """\
kind: job
name: plant/pumps_v1
owner: o
description: d
grain: g
reads: [source/pumps]
writes: {table/plant.pumps: append, topic/alerts: append}
params: {limit: 9, name: "it's"}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> JobFolder:
    path = tmp_path / "sql" / "plant" / "pumps_v1"
    path.mkdir(parents=True)
    (path / "job.yaml").write_text(JOB)
    for part in ("catalogs", "sql/_macros"):
        shutil.copytree(ROOT / part, tmp_path / part)
    monkeypatch.chdir(path)
    return JobFolder(job_folder.job_of(Project(tmp_path, tmp_path), "plant/pumps_v1"), path, {}, {})


def load(folder: JobFolder, text: str | None) -> list[check_file.Check]:
    if text is not None:
        (folder.path / "checks.sql.j2").write_text(text, encoding="utf-8")
    project = Project(folder.path.parents[2], folder.path)
    return check_file.load(project, settings.load(project, "local"), folder)


def refused(folder: JobFolder, text: str) -> list[Problem]:
    with pytest.raises(UserError) as error:
        load(folder, text)
    return error.value.problems


def test_a_job_without_the_file_has_no_checks(folder: JobFolder) -> None:
    assert load(folder, None) == []


def test_a_check_uses_params_and_macros(folder: JobFolder) -> None:
    limit, unique = load(
        folder,
        "-- name: nothing is above {{ param('limit') }}\n"
        "select name from {{ table() }} where value > {{ param('limit') }} and name <> {{ param('name') }};\n"
        "-- name: a pump has one row\n"
        "{{ unique('pump') }}",
    )
    assert (limit.name, limit.where) == ("nothing is above 9", Place("checks.sql.j2", 1))
    assert "from \"plant\".\"pumps\" where value > 9 and name <> 'it''s'" in limit.sql
    assert (unique.name, unique.tables(), unique.where) == (
        "a pump has one row",
        ["plant.pumps"],
        Place("checks.sql.j2", 3),
    )


@pytest.mark.parametrize(
    ("call", "what"),
    [
        ("{{ param('limt') }}", "job.yaml has no param 'limt'"),
        ("{{ limit }}", "template: 'limit' is undefined"),
        ("{{ table('plant.pump') }}", "job.yaml has no table 'plant.pump'"),
        ("{{ unique('a', of='plant.pump') }}", "unique(): job.yaml has no table 'plant.pump'"),
        ("{{ source('pumps') }}", "template: 'source' is undefined"),
        ("{{ 1 + }}", "template: unexpected 'end of print statement'"),
    ],
)
def test_a_fault_of_the_template_is_reported_at_its_line(folder: JobFolder, call: str, what: str) -> None:
    (problem,) = refused(folder, f"-- name: a\nselect 1\nfrom {call}")
    assert (str(problem.where), problem.what) == ("checks.sql.j2:3", what)


def test_an_error_from_duckdb_is_reported_at_the_line_of_the_template(folder: JobFolder) -> None:
    text = "-- name: a\n{{ unique(['a', 'b']) }};\n\n-- name: b\nselect {{ param('limit') }}\nform plant.pumps where"
    (problem,) = refused(folder, text)
    assert str(problem.where) == "checks.sql.j2:6:6"
    (problem,) = refused(folder, "-- name: a\n{{ unique('a') }};\n\n-- name: b\nselect {{ param('limit') }} form a b")
    assert str(problem.where) == "checks.sql.j2:5"


def test_a_table_must_be_named_if_the_job_writes_several(folder: JobFolder) -> None:
    writes = {"plant.pumps": "append", "plant.valves": "append"}
    several = replace(folder, job=folder.job.model_copy(update={"writes": writes}))
    (problem,) = refused(several, "-- name: a\n{{ unique('a') }}")
    assert problem.what == "unique(): the job writes 2 tables, not one"
    assert load(several, "-- name: a\n{{ unique('a', of='plant.valves') }}")[0].tables() == ["plant.valves"]


def test_each_select_is_a_check_with_the_name_before_it(folder: JobFolder) -> None:
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
    assert (first.name, first.where) == ("nothing is above the limit; ever", Place("checks.sql.j2", 3))
    assert (second.name, second.where) == ("each pump is known", Place("checks.sql.j2", 7))
    assert first.tables() == ["plant.pumps"]
    assert second.tables() == ["plant.known", "plant.pumps"]


def test_a_check_whose_tables_are_unknown_has_none(folder: JobFolder) -> None:
    (check,) = load(folder, "-- name: a\nselect 1 from plant.pumps inner join plant.known using (pump)")
    assert check.tables() == []


def test_every_check_without_a_name_of_its_own_is_reported_at_once(folder: JobFolder) -> None:
    problems = refused(
        folder, "select 1;\n-- name: a\nselect 2;\n\n-- names are missing\nselect 3;\n-- name: a\nselect 4"
    )
    assert [(str(p.where), p.what) for p in problems] == [
        ("checks.sql.j2:1", "the check has no name"),
        ("checks.sql.j2:6", "the check has no name"),
        ("checks.sql.j2:7", "checks.sql.j2:2 has the name 'a' already"),
    ]
    assert problems[0].fix == "write `-- name: what must hold` on the line before the SELECT"


def test_a_name_within_the_select_names_nothing(folder: JobFolder) -> None:
    (problem,) = refused(folder, "select\n    -- name: inside\n    1")
    assert str(problem).startswith("checks.sql.j2:1: the check has no name")


def test_a_syntax_error_is_reported_at_its_line_and_column(folder: JobFolder) -> None:
    (problem,) = refused(folder, "-- name: a\nselect 1;\n\n-- name: b\nselect 2\n  form plant.pumps where")
    assert str(problem.where) == "checks.sql.j2:6:8"
    assert problem.what.startswith("Parser Error: syntax error at or near")


@pytest.mark.parametrize(
    "statement", ["drop table plant.pumps", "insert into plant.pumps values (1)", "set threads = 1"]
)
def test_a_statement_other_than_a_select_is_refused(folder: JobFolder, statement: str) -> None:
    (problem,) = refused(folder, f"-- name: a\nselect 1;\n\n-- name: b\n{statement};\n-- name: c\nselect 2")
    assert (str(problem.where), problem.what) == ("checks.sql.j2:5", "every statement here must be a SELECT")


def test_a_statement_that_duckdb_rewrites_is_refused(folder: JobFolder) -> None:
    (problem,) = refused(folder, "-- name: a\nselect 1;\n-- name: b\npivot plant.pumps on tag using sum(value)")
    assert problem.what == "every statement here must be a SELECT"


@pytest.mark.parametrize("text", ["", "\n\n", "-- name: a\n"])
def test_a_file_without_a_check_is_refused(folder: JobFolder, text: str) -> None:
    (problem,) = refused(folder, text)
    assert (str(problem.where), problem.what) == ("checks.sql.j2", "the file has no checks")


@pytest.mark.parametrize(
    ("told", "where"),
    [
        ("Binder Error: no such\ncolumn\n\nLINE 2: select valu,\n               ^", "checks.sql.j2:12:8"),
        ("Binder Error: no such\ncolumn\n\nLINE 2: ...a, a, valu,\n                 ^", "checks.sql.j2:12"),
        ("Binder Error: no such\ncolumn\n\nLINE 2: select valu,", "checks.sql.j2:12"),
        ("Binder Error: no such column", "checks.sql.j2:10"),
    ],
)
def test_an_error_from_duckdb_about_a_check_is_at_its_place_in_the_file(
    folder: JobFolder, told: str, where: str
) -> None:
    file = folder.path / "checks.sql.j2"
    lines = [f"-- {line}" for line in range(1, 20)]
    script = DuckDbScript(file, "\n".join(lines), Rendered("\n".join(lines), tuple(range(1, 20))))
    check = check_file.Check("plant/pumps_v1", "a", Select(11, "\nselect valu,"), script, Place.of(file, 10))
    assert check.problem(Problem(told, fix="f")) == Problem("Binder Error: no such column", Place(*_parts(where)), "f")


def _parts(where: str) -> tuple[str, int, int]:
    file, line, column = (*where.split(":"), "0")[:3]
    return file, int(line), int(column)
