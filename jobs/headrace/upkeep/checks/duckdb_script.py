"""A rendered template of a job as the SELECTs that DuckDB runs, each with its place in the template."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import duckdb
from duckdb import StatementType

from headrace.compose import render
from headrace.compose.source_map import Rendered
from headrace.environment import warehouse
from headrace.environment.settings import Settings
from headrace.errors import Place, Problem, UserError
from headrace.project.job_folder import JobFolder
from headrace.project.paths import Project

ONE_SELECT = "write one that starts with select, from or with"
_SPOT = re.compile(r"\n+LINE (?P<line>\d+): (?P<excerpt>.*)(?:\n(?P<indent> *)\^)?")


@dataclass(frozen=True)
class Select:
    """One SELECT with the comments before it, which begin at line `first` (from 1) of the rendered SQL."""

    first: int
    sql: str


@dataclass(frozen=True)
class DuckDbScript:
    """The SQL that the template `path`, whose text is `template`, renders to."""

    path: Path
    template: str
    rendered: Rendered

    def place(self, line: int, column: int = 0) -> Place:
        """Return the place in the template of a line of the SQL; without the column if rendering changed the line."""
        template_line = self.rendered.template_line(line)
        templates, lines = self.template.split("\n"), self.rendered.sql.split("\n")
        verbatim = line <= len(lines) and templates[template_line - 1] == lines[line - 1]
        return Place.of(self.path, template_line, column if verbatim else 0)

    def selects(self) -> list[Select]:
        """Return the SELECTs of the script. Raises UserError for other statements and for errors of syntax."""
        text = self.rendered.sql
        try:
            with warehouse.errors_reported():
                statements = duckdb.extract_statements(text)
        except UserError as error:
            raise UserError([self.problem(each, 1, Place.of(self.path)) for each in error.problems]) from None
        selects, end = [], 0
        for statement in statements:
            # DuckDB rewrites a PIVOT into statements that are not in the text.
            start = text.find(statement.query, end) if statement.query else -1
            first = text.count("\n", 0, max(start, end)) + 1
            if start < 0 or statement.type != StatementType.SELECT:
                begins = first + _comment_lines(statement.query)
                raise UserError("every statement here must be a SELECT", self.place(begins), ONE_SELECT)
            selects.append(Select(first, statement.query))
            end = start + len(statement.query)
        return selects

    def problem(self, problem: Problem, first: int, otherwise: Place) -> Problem:
        """Return DuckDB's problem with SQL that begins at line `first`, at its place in the template.

        `otherwise` is the place of a problem whose line DuckDB does not report.
        """
        spot = _SPOT.search(problem.what)
        if spot is None:
            return Problem(" ".join(problem.what.split()), otherwise, problem.fix)
        mark = len(spot["indent"] or "") - len(f"LINE {spot['line']}: ") + 1
        column = 0 if spot["excerpt"].startswith("...") else max(mark, 0)
        what = " ".join(problem.what[: spot.start()].split())
        return Problem(what, self.place(first + int(spot["line"]) - 1, column), problem.fix)


def load(project: Project, settings: Settings, folder: JobFolder, name: str) -> DuckDbScript | None:
    """Return the rendered template `name` of the job; None if it has none. Raises UserError."""
    path = folder.path / name
    if not path.is_file():
        return None
    return DuckDbScript(path, path.read_text(encoding="utf-8"), render.for_duckdb(project, settings, folder, path))


def _comment_lines(sql: str) -> int:
    """Return the number of lines before the first one that is neither empty nor a comment."""
    lines = [line.strip() for line in sql.splitlines()]
    return next((number for number, line in enumerate(lines) if line and not line.startswith("--")), 0)
