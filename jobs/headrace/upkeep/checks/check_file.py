"""checks.sql of a job: SELECTs that must return no rows, each under a comment that says what then holds."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import duckdb
from duckdb import StatementType

from headrace.environment import warehouse
from headrace.errors import Place, Problem, UserError

FILE = "checks.sql"
_NAME = re.compile(r"--\s*name:\s*(\S.*)")
_NAMED = "write `-- name: what must hold` on the line before the SELECT"
_ONE_SELECT = "write one that starts with select, from or with"
_SPOT = re.compile(r"\n+LINE (?P<line>\d+): (?P<excerpt>.*)(?:\n(?P<indent> *)\^)?")


@dataclass(frozen=True)
class Check:
    """A SELECT of `file`: its text, with the comments before it, begins in line `first`, its name stands at `where`."""

    job: str
    name: str
    sql: str
    file: Path
    first: int
    where: Place

    def tables(self) -> list[str]:
        """The tables that it reads, as it names them; none where that takes knowing their columns, as USING does."""
        with duckdb.connect() as connection:
            try:
                return sorted(connection.get_table_names(self.sql, qualified=True))
            except duckdb.BinderException:
                return []

    def problem(self, told: Problem) -> Problem:
        """What DuckDB says of the SELECT, at its place in the file."""
        return placed(told, self.file, self.first, self.where)


def load(job: str, folder: Path) -> list[Check]:
    """The checks of the job, none where it has no checks.sql. Raises UserError with all that is wrong in the file."""
    path = folder / FILE
    if not path.is_file():
        return []
    checks: list[Check] = []
    problems: list[Problem] = []
    for first, sql in selects(path):
        named, begins = _name(sql, first)
        if named is None:
            problems.append(Problem("the check has no name", Place.of(path, begins), _NAMED))
            continue
        line, name = named
        if twin := next((check for check in checks if check.name == name), None):
            problems.append(Problem(f"{twin.where} has the name '{name}' already", Place.of(path, line), "change one"))
        checks.append(Check(job, name, sql, path, first, Place.of(path, line)))
    if not (checks or problems):
        problems = [Problem("there is no check in it", Place.of(path), f"{_ONE_SELECT}, or remove the file")]
    if problems:
        raise UserError(problems)
    return checks


def selects(path: Path) -> list[tuple[int, str]]:
    """The file's SELECTs with the comments before each, and the line that each begins in. Raises UserError."""
    text = path.read_text(encoding="utf-8")
    try:
        with warehouse.errors_reported():
            statements = duckdb.extract_statements(text)
    except UserError as error:
        raise UserError([placed(problem, path, 1, Place.of(path)) for problem in error.problems]) from None
    found, end = [], 0
    for statement in statements:
        # Of a PIVOT, DuckDB makes statements of its own, which are not in the text.
        start = text.find(statement.query, end) if statement.query else -1
        first = text.count("\n", 0, max(start, end)) + 1
        if start < 0 or statement.type != StatementType.SELECT:
            raise UserError("a check is one SELECT", Place.of(path, _name(statement.query, first)[1]), _ONE_SELECT)
        found.append((first, statement.query))
        end = start + len(statement.query)
    return found


def _name(sql: str, first: int) -> tuple[tuple[int, str] | None, int]:
    """The check's name and its line, and the line that the SELECT itself begins in."""
    named = None
    for line, text in enumerate(map(str.strip, sql.splitlines()), first):
        if match := _NAME.fullmatch(text):
            named = line, match[1]
        elif text and not text.startswith("--"):
            return named, line
    return named, first


def placed(told: Problem, path: Path, first: int, otherwise: Place) -> Problem:
    """A problem without DuckDB's excerpt, whose line counts from the beginning of what it was given."""
    spot = _SPOT.search(told.what)
    if spot is None:
        return Problem(" ".join(told.what.split()), otherwise, told.fix)
    mark = len(spot["indent"] or "") - len(f"LINE {spot['line']}: ") + 1
    column = 0 if spot["excerpt"].startswith("...") else max(mark, 0)
    what = " ".join(told.what[: spot.start()].split())
    return Problem(what, Place.of(path, first + int(spot["line"]) - 1, column), told.fix)
