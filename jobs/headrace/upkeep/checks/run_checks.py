"""Run the checks of jobs on the Iceberg tables: SELECTs that must return no rows."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
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
"""How many of the rows that break a check are kept in its result."""
_BATCH = 10_000


@dataclass(frozen=True)
class CheckResult:
    """The number of rows that break a check, and the first SHOWN of them."""

    job: str
    name: str
    where: Place
    broken: int
    rows: list[dict[str, Any]]
    seconds: float

    @property
    def holds(self) -> bool:
        """Whether no row breaks the check."""
        return self.broken == 0

    def to_json(self) -> dict[str, Any]:
        """Return the result for `--json`."""
        return {**asdict(self), "where": str(self.where), "holds": self.holds}


def run(project: Project, settings: Settings, names: Iterable[str]) -> list[CheckResult]:
    """Run the checks of the jobs `names`, in that order; a job without checks.sql.j2 has none.

    Raises UserError with every fault of the files, including missing tables; PlatformError.
    """
    checks = _load(project, settings, names)
    results: list[CheckResult] = []
    problems: list[Problem] = []
    with warehouse.open(settings) as connection:
        for check in checks:
            try:
                results.append(_run(connection, check))
            except UserError as error:
                own = [check.problem(problem) for problem in error.problems]
                problems += _missing_tables(project, settings, check) or own
    if problems:
        raise UserError(problems)
    return results


def verdict(results: Iterable[CheckResult]) -> None:
    """Raise CheckFailed with all checks that rows break, if any."""
    problems = [
        Problem(f"{r.broken:,} row{'' if r.broken == 1 else 's'} of {r.job} break '{r.name}'", r.where)
        for r in results
        if not r.holds
    ]
    if problems:
        raise CheckFailed(problems)


def _load(project: Project, settings: Settings, names: Iterable[str]) -> list[Check]:
    checks: list[Check] = []
    problems: list[Problem] = []
    for name in names:
        try:
            checks += check_file.load(project, settings, job_folder.load(project, name))
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


def _missing_tables(project: Project, settings: Settings, check: Check) -> list[Problem]:
    catalog, known = iceberg.connect(settings), list(load_all(project))
    with iceberg.errors_reported("the catalog's tables cannot be looked up"):
        missing = [table for table in check.tables() if not catalog.table_exists(table)]
    problems = []
    for table in missing:
        if table in known:
            fix = "create it: headrace tables apply"
            problems.append(Problem(f"there is no table '{table}'", check.where, fix))
        else:
            problems.append(unknown("table", table, known, check.where))
    return problems
