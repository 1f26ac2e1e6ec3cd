"""Run test cases and compare their results with the expected rows."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from headrace.authoring.test.compare import Difference, difference
from headrace.environment.settings import Settings
from headrace.errors import HeadraceError, Place, Problem
from headrace.planner.in_process.case import Case
from headrace.planner.in_process.files import expected
from headrace.planner.in_process.minicluster import MiniCluster
from headrace.planner.in_process.results import run_case, sink_columns
from headrace.planner.in_process.values import Row, header, shown
from headrace.project import job_folder
from headrace.project.paths import Project
from headrace.project.table import Column


@dataclass(frozen=True)
class Outcome:
    """The outcome of a case, which passed if it has neither `differences` nor `problems`."""

    case: Case
    seconds: float
    rows: Mapping[str, list[Row]]
    differences: tuple[Difference, ...]
    problems: tuple[Problem, ...]

    @property
    def passed(self) -> bool:
        """Whether the case passed."""
        return not self.differences and not self.problems


def run(project: Project, settings: Settings, cases: list[Case]) -> Iterator[Outcome]:
    """Run the cases, two at a time, on one mini cluster. Yields the outcomes in the order of the cases."""
    with MiniCluster(project) as cluster, ThreadPoolExecutor(2) as pool:
        yield from pool.map(lambda case: outcome(project, settings, cluster, case), cases)


def outcome(project: Project, settings: Settings, cluster: MiniCluster, case: Case) -> Outcome:
    """Run one case. Faults of the job, of the case and of the run become problems of the outcome."""
    since = time.monotonic()
    rows: dict[str, list[Row]] = {}
    differences: list[Difference] = []
    try:
        rows = run_case(project, settings, cluster, case)
        columns = sink_columns(project, job_folder.load(project, case.job))
        differences, problems = _compare(case, rows, columns)
    except HeadraceError as error:
        problems = error.problems
    return Outcome(case, time.monotonic() - since, rows, tuple(differences), tuple(problems))


def _compare(
    case: Case, rows: Mapping[str, list[Row]], columns: Mapping[str, dict[str, Column]]
) -> tuple[list[Difference], list[Problem]]:
    rows_expected = expected(case, columns)
    differences, problems = [], []
    for sink, actual in rows.items():
        if sink not in rows_expected:
            if actual:
                fix = f"expect them in expect.{sink.replace('/', '.')}.csv: headrace test --update writes it"
                first = ", ".join(f"{n}={shown(v)}" for n, v in actual[0].items() if v is not None and n != "payload")
                problems.append(
                    Problem(f"{len(actual)} rows in {sink} that no file expects: {first}", Place.of(case.path), fix)
                )
            continue
        names, settings = header(case.expects[sink]), case.settings
        if mismatch := difference(
            sink, names, rows_expected[sink], actual, ordered=settings.ordered, tolerance=settings.tolerance
        ):
            differences.append(mismatch)
    return differences, problems
