"""The rows in a test case's files: those of input tables, and those expected in each sink."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from headrace.errors import Place, Problem, UserError
from headrace.planner.in_process.case import Case
from headrace.planner.in_process.results import sink_columns
from headrace.planner.in_process.values import Row, read_table
from headrace.project import job_folder, table_files
from headrace.project.paths import Project
from headrace.project.table import Column

Columns = Mapping[str, Mapping[str, Column]]


def check(project: Project, cases: Iterable[Case]) -> None:
    """Read all files of the cases. Raises UserError with all faults in them."""
    problems: list[Problem] = []
    for case in cases:
        problems += _faults(lambda case=case: _given(project, case))  # type: ignore[misc]
        columns = sink_columns(project, job_folder.load(project, case.job))
        problems += _faults(lambda case=case, columns=columns: expected(case, columns))  # type: ignore[misc]
    if problems:
        raise UserError(problems)


def expected(case: Case, columns: Columns) -> dict[str, list[Row]]:
    """Return the expected rows by sink. Raises UserError for faults in the files, and if the case has no such file."""
    if not case.expects:
        raise UserError([nothing_expected(case)])
    return _rows(case.expects, columns)


def nothing_expected(case: Case) -> Problem:
    """Return the problem of a case without a file of expected rows."""
    fix = "add expect.<sink>.csv, or have it written: headrace test --update"
    return Problem("the case expects nothing, so it cannot fail", Place.of(case.path), fix)


def _given(project: Project, case: Case) -> dict[str, list[Row]]:
    tables = table_files.pick(project, [*case.tables]) if case.tables else {}
    return _rows(case.tables, {name: table.columns for name, table in tables.items()})


def _rows(files: Mapping[str, Path], columns: Columns) -> dict[str, list[Row]]:
    rows: dict[str, list[Row]] = {}
    problems: list[Problem] = []
    for name, path in files.items():
        try:
            rows[name] = read_table(path, columns[name])
        except UserError as error:
            problems += error.problems
    if problems:
        raise UserError(problems)
    return rows


def _faults(read: Callable[[], object]) -> list[Problem]:
    try:
        read()
    except UserError as error:
        return error.problems
    return []
