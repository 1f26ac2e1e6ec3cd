"""A job's checks.sql.j2: SELECTs that must return no rows, each below a comment that names what must hold."""

from __future__ import annotations

import re
from dataclasses import dataclass

import duckdb

from headrace.environment.settings import Settings
from headrace.errors import Place, Problem, UserError
from headrace.project.job_folder import CHECKS, JobFolder
from headrace.project.paths import Project
from headrace.upkeep.checks import duckdb_script
from headrace.upkeep.checks.duckdb_script import ONE_SELECT, DuckDbScript, Select

_NAME = re.compile(r"--\s*name:\s*(\S.*)")
_NAMED = "write `-- name: what must hold` on the line before the SELECT"


@dataclass(frozen=True)
class Check:
    """A named SELECT of a script; `where` is the line of its name."""

    job: str
    name: str
    select: Select
    script: DuckDbScript
    where: Place

    @property
    def sql(self) -> str:
        """The SELECT, with the comments before it."""
        return self.select.sql

    def tables(self) -> list[str]:
        """Return the tables that the SELECT names; empty if DuckDB needs their columns to parse it, as for USING."""
        with duckdb.connect() as connection:
            try:
                return sorted(connection.get_table_names(self.sql, qualified=True))
            except duckdb.BinderException:
                return []

    def problem(self, problem: Problem) -> Problem:
        """Return DuckDB's problem with the SELECT, at its place in the template."""
        return self.script.problem(problem, self.select.first, self.where)


def load(project: Project, settings: Settings, folder: JobFolder) -> list[Check]:
    """Return the checks of the job; empty without checks.sql.j2. Raises UserError with every fault of the file."""
    script = duckdb_script.load(project, settings, folder, CHECKS)
    return checks(folder.job.name, script) if script else []


def checks(job: str, script: DuckDbScript) -> list[Check]:
    """Return the checks of a script of the job `job`. Raises UserError with every fault."""
    named: dict[str, Check] = {}
    problems: list[Problem] = []
    for select in script.selects():
        name, line = _name(select)
        if name is None:
            problems.append(Problem("the check has no name", script.place(line), _NAMED))
        elif name in named:
            what = f"{named[name].where} has the name '{name}' already"
            problems.append(Problem(what, script.place(line), "change one of the two"))
        else:
            named[name] = Check(job, name, select, script, script.place(line))
    if not (named or problems):
        problems = [Problem("the file has no checks", Place.of(script.path), f"{ONE_SELECT}, or remove the file")]
    if problems:
        raise UserError(problems)
    return [*named.values()]


def _name(select: Select) -> tuple[str | None, int]:
    """Return the check's name and its line; without a name, None and the line on which the SELECT itself begins."""
    name, line = None, select.first
    for number, text in enumerate(map(str.strip, select.sql.splitlines()), select.first):
        if match := _NAME.fullmatch(text):
            name, line = match[1], number
        elif text and not text.startswith("--"):
            return name, line if name else number
    return name, line
