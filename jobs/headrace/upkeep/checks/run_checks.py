"""The checks of jobs, run against the Iceberg tables as they stand: SELECTs that must return no rows."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any

from duckdb import DuckDBPyConnection

from headrace.environment import iceberg, warehouse
from headrace.environment.settings import Settings
from headrace.errors import CheckFailed, Place, Problem, UserError, unknown
from headrace.project import job_folder
from headrace.project.paths import Project
from headrace.project.table_files import load_all
from headrace.upkeep.checks import check_file
from headrace.upkeep.checks.check_file import Check

SHOWN = 10
_BATCH = 10_000


@dataclass(frozen=True)
class CheckResult:
    """How many rows break a check, and the first SHOWN of them."""

    job: str
    name: str
    where: Place
    broken: int
    rows: list[dict[str, Any]]
    seconds: float

    @property
    def holds(self) -> bool:
        return self.broken == 0

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "where": str(self.where), "holds": self.holds}


def run(project: Project, settings: Settings, names: Iterable[str]) -> list[CheckResult]:
    """Run the checks of the jobs called `names`, in their order; a job without checks.sql has none.

    Raises UserError with all that is wrong in the files, a table that is not there among it; PlatformError.
    """
    checks = _load(project, names)
    results: list[CheckResult] = []
    problems: list[Problem] = []
    with warehouse.open(settings) as connection:
        for check in checks:
            try:
                results.append(_run(connection, check))
            except UserError as error:
                told = [check.problem(problem) for problem in error.problems]
                problems += _absent_tables(project, settings, check) or told
    if problems:
        raise UserError(problems)
    return results


def verdict(results: Iterable[CheckResult]) -> None:
    """Raises CheckFailed with each check that rows break."""
    problems = [
        Problem(f"{r.broken:,} row{'' if r.broken == 1 else 's'} of {r.job} break '{r.name}'", r.where)
        for r in results
        if not r.holds
    ]
    if problems:
        raise CheckFailed(problems)


def _load(project: Project, names: Iterable[str]) -> list[Check]:
    checks: list[Check] = []
    problems: list[Problem] = []
    for name in names:
        try:
            checks += check_file.load(name, job_folder.load(project, name).path)
        except UserError as error:
            problems += error.problems
    if problems:
        raise UserError(problems)
    return checks


def _run(connection: DuckDBPyConnection, check: Check) -> CheckResult:
    began = time.perf_counter()
    broken = 0
    rows: list[dict[str, Any]] = []
    answer = warehouse.ask(connection, check.sql)
    with warehouse.errors_reported():
        for batch in answer.to_arrow_reader(_BATCH):
            rows += batch.slice(0, SHOWN - len(rows)).to_pylist()
            broken += batch.num_rows
    return CheckResult(check.job, check.name, check.where, broken, rows, time.perf_counter() - began)


def _absent_tables(project: Project, settings: Settings, check: Check) -> list[Problem]:
    catalog, known = iceberg.connect(settings), list(load_all(project))
    with iceberg.errors_reported("the catalog's tables cannot be looked up"):
        absent = [table for table in check.tables() if not catalog.table_exists(table)]
    problems = []
    for table in absent:
        problem = unknown("table", table, known, check.where)
        problems.append(replace(problem, fix="make it: headrace tables apply") if table in known else problem)
    return problems
