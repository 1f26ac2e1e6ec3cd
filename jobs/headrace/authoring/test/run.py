"""Run test cases and compare their results with the expected rows."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from headrace.authoring.test.compare import Difference, difference
from headrace.environment.settings import Settings
from headrace.errors import HeadraceError, Place, Problem
from headrace.planner.in_process.case import Case
from headrace.planner.in_process.files import expected, nothing_expected
from headrace.planner.in_process.minicluster import MiniCluster
from headrace.planner.in_process.results import run_case, sink_columns
from headrace.planner.in_process.values import Row, header, shown
from headrace.project import job_folder
from headrace.project.paths import Project
from headrace.project.system_tables import DEAD_LETTERS
from headrace.project.table import Column

DEAD_COLUMNS = ["code", "message", "stage", "src_offset", "src_index"]
"""The columns of dead letters that a new file expects."""


@dataclass(frozen=True)
class Outcome:
    """The outcome of a case, which passed if it has no `differences`, no `unexpected` rows and no `problems`.

    `unexpected` describes rows that no file expects, which new files would accept; `problems` are those that no
    expected rows can solve.
    """

    case: Case
    seconds: float
    rows: Mapping[str, list[Row]]
    differences: tuple[Difference, ...] = ()
    unexpected: tuple[Problem, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether the case passed."""
        return not (self.differences or self.unexpected or self.problems)


def run(project: Project, settings: Settings, cases: list[Case]) -> Iterator[Outcome]:
    """Run the cases, two at a time, on one mini cluster. Yields the outcomes in the order of the cases."""
    with MiniCluster(project) as cluster, ThreadPoolExecutor(2) as pool:
        yield from pool.map(lambda case: outcome(project, settings, cluster, case), cases)


def outcome(project: Project, settings: Settings, cluster: MiniCluster, case: Case) -> Outcome:
    """Run one case. Faults of the job, of the case and of the run become problems of the outcome."""
    since = time.monotonic()
    done = Outcome(case, 0, {})
    try:
        rows = run_case(project, settings, cluster, case)
        columns = sink_columns(project, job_folder.load(project, case.job))
        done = _compared(case, rows, columns)
    except HeadraceError as error:
        done = replace(done, problems=tuple(error.problems))
    return replace(done, seconds=time.monotonic() - since)


def _compared(case: Case, rows: Mapping[str, list[Row]], columns: Mapping[str, dict[str, Column]]) -> Outcome:
    """Return the outcome of a case that ran. Raises UserError for faults of the files with the expected rows."""
    if not case.expects:
        return Outcome(case, 0, rows, unexpected=(nothing_expected(case),))
    rows_expected = expected(case, columns)
    differences: list[Difference] = []
    unexpected: list[Problem] = []
    problems: list[Problem] = []
    for sink in dict.fromkeys([*rows, *rows_expected]):
        actual = rows.get(sink, [])
        if sink not in rows_expected:
            if actual:
                (problems if sink == DEAD_LETTERS else unexpected).append(_unexpected(case, sink, actual))
            continue
        names, settings = header(case.expects[sink]), case.settings
        if mismatch := difference(
            sink, names, rows_expected[sink], actual, ordered=settings.ordered, tolerance=settings.tolerance
        ):
            differences.append(mismatch)
    return Outcome(case, 0, rows, tuple(differences), tuple(unexpected), tuple(problems))


def _unexpected(case: Case, sink: str, rows: list[Row]) -> Problem:
    file = f"expect.{sink.replace('/', '.')}.csv"
    fix = f"expect them in {file}: headrace test --update writes it"
    if sink == DEAD_LETTERS:
        columns = ",".join(DEAD_COLUMNS)
        fix = f"correct the messages; if they are to be refused, add {file} with the line {columns}, then --update"
    first = ", ".join(f"{n}={shown(v)}" for n, v in rows[0].items() if v is not None and n != "payload")
    return Problem(f"{len(rows)} rows in {sink} that no file expects: {first}", Place.of(case.path), fix)
