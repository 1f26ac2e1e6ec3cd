"""`headrace test`: run the test cases of jobs on a real Flink."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from headrace.cli import function_examples
from headrace.cli.common import Context, Env, JobOrFunctionNames, Json, log, out, print_json, table
from headrace.errors import CheckFailed, HeadraceError, Problem, UserError

if TYPE_CHECKING:
    from rich.table import Table

    from headrace.authoring.test import Case, Outcome, Written
    from headrace.authoring.test.compare import Difference

MOST_ROWS = 20


def run(
    names: JobOrFunctionNames = None,
    only: Annotated[
        str | None, typer.Option("-k", metavar="CASE", help="Only cases whose name contains this text.")
    ] = None,
    update: Annotated[
        bool,
        typer.Option("--update", help="Accept the rows of cases that ran as the expected ones."),
    ] = False,
    env: Env = "local",
    json: Json = False,
) -> None:
    """Run the test cases of jobs, folders of data in tests/ next to job.yaml, on a Flink started for them.

    The examples of functions run too: of those named, of those that the jobs name, or of all.
    """
    from headrace.planner.in_process import java_cluster

    context, since = Context(env), time.monotonic()
    if not _only_functions(names) and _are_there(context, names):
        java_cluster.start_early(context.project)
    examples = [] if only else function_examples.run(context, names)
    cases = _cases(context, names, only) if not examples or not _only_functions(names) else []
    if not json:
        for example in examples:
            function_examples.show(example)
    reports = _run(context, cases, update=update, json=json) if cases else []
    verdicts = [*(each.verdict for each in examples), *(report.verdict for report in reports)]
    if json:
        print_json([*(each.to_json() for each in examples), *(_plain(context, report) for report in reports)])
    else:
        counts = {word: verdicts.count(word) for word in ("passed", "updated", "failed")}
        tally = ", ".join(f"{n} {word}" for word, n in counts.items() if n or update is (word == "updated"))
        out.print(f"\n{tally} in {time.monotonic() - since:.1f} s", highlight=False)
    if "failed" in verdicts:
        raise typer.Exit(CheckFailed.exit_code)


def _run(context: Context, cases: list[Case], *, update: bool, json: bool) -> list[_Report]:
    from headrace.authoring import test

    if not update:
        test.check(context.project, cases)
    reports: list[_Report] = []
    with log.status("starting Flink") as status:
        for outcome in test.run(context.project, context.settings, cases):
            reports.append(report := _report(context, outcome, update))
            status.update(f"{len(reports)} of {len(cases)} cases")
            if not json:
                _show(context, report)
    return reports


@dataclass(frozen=True)
class _Report:
    """What came of a case, and the files that were written for it."""

    outcome: Outcome
    written: list[Written]

    @property
    def verdict(self) -> str:
        """`passed`, `updated` or `failed`."""
        return "passed" if self.outcome.passed else "updated" if self.written else "failed"


def _report(context: Context, outcome: Outcome, update: bool) -> _Report:
    from headrace.authoring import test
    from headrace.project import job_folder

    if not update:
        return _Report(outcome, [])
    return _Report(outcome, test.update(job_folder.load(context.project, outcome.case.job).job, outcome))


def _only_functions(names: list[str] | None) -> bool:
    return bool(names) and all(name.startswith(function_examples.PREFIX) for name in names or [])


def _are_there(context: Context, names: list[str] | None) -> bool:
    jobs = [name for name in names or [] if not name.startswith(function_examples.PREFIX)]
    return all((context.project.sql / name / "job.yaml").is_file() for name in jobs)


def _cases(context: Context, names: list[str] | None, only: str | None) -> list[Case]:
    from headrace.authoring import test
    from headrace.project import job_folder

    jobs = [name for name in names or [] if not name.startswith(function_examples.PREFIX)]

    cases: list[Case] = []
    problems: list[Problem] = []
    for name in jobs or job_folder.names(context.project):
        try:
            cases += test.load(context.project, job_folder.load(context.project, name), only)
        except HeadraceError as error:
            problems += error.problems
    if problems:
        raise UserError(problems)
    if not cases:
        raise UserError("there is no test case", fix="add one: a folder of data in the job's tests/")
    return cases


def _show(context: Context, report: _Report) -> None:
    from rich.markup import escape

    outcome, case = report.outcome, report.outcome.case
    style = {"passed": "green", "updated": "yellow", "failed": "bold red"}[report.verdict]
    verdict = f"[{style}]{report.verdict}[/]"
    out.print(f"{verdict} {case.job} [bold]{case.name}[/] ({outcome.seconds:.1f} s)", highlight=False)
    for difference in outcome.differences:
        out.print(_rows(difference, case.settings.tolerance))
    for file in report.written:
        path = file.path.relative_to(context.project.root)
        out.print(
            f"  [green]written[/] {path}: {file.rows:,} row{'' if file.rows == 1 else 's'}",
            highlight=False,
            soft_wrap=True,
        )
    for problem in [*outcome.problems, *([] if report.written else outcome.unexpected)]:
        where = f"{escape(str(problem.where))}: " if problem.where else ""
        out.print(f"  {where}{escape(problem.what)}", highlight=False, soft_wrap=True)
        if problem.fix:
            out.print(f"    [green]fix[/] {escape(problem.fix)}", highlight=False, soft_wrap=True)


def _rows(difference: Difference, tolerance: float) -> Table:
    """Return a table of expected rows (-), each above the actual row (+), with the cells that differ marked."""
    from headrace.authoring.test.compare import cells_that_differ
    from headrace.planner.in_process.values import shown

    rows = table("", *difference.columns, title=f"  {difference.sink}")
    pairs = list(zip(difference.missing, difference.extra, strict=True))
    for expected, actual in pairs[:MOST_ROWS]:
        differing, marked = set(difference.columns), False
        if expected and actual:
            differing = cells_that_differ(expected, actual, difference.columns, tolerance)
            marked = out.no_color or not out.is_terminal
        for sign, row, style in (("-", expected, "red"), ("+", actual, "green")):
            if row:
                cells = [
                    _cell('""' if row.get(n) == "" else shown(row.get(n)), style, n in differing, marked=marked)
                    for n in difference.columns
                ]
                rows.add_row(f"[{style}]{sign}[/]", *cells)
    if len(pairs) > MOST_ROWS:
        rows.caption = f"and {len(pairs) - MOST_ROWS} more"
    return rows


def _cell(text: str, style: str, differs: bool, *, marked: bool) -> str:
    """Return a cell in colour if it differs, and with a sign behind it where there are no colours."""
    from rich.markup import escape

    shown_text = escape(text) or "[dim]null[/]"
    return f"[{style}]{shown_text}{' <' if marked else ''}[/]" if differs else shown_text


def _plain(context: Context, report: _Report) -> dict[str, Any]:
    outcome = report.outcome
    return {
        "job": outcome.case.job,
        "case": outcome.case.name,
        "verdict": report.verdict,
        "passed": outcome.passed,
        "seconds": round(outcome.seconds, 2),
        "differences": [asdict(d) for d in outcome.differences],
        "problems": [problem.to_json() for problem in [*outcome.problems, *outcome.unexpected]],
        "written": [
            {"path": file.path.relative_to(context.project.root).as_posix(), "rows": file.rows}
            for file in report.written
        ],
    }
