"""`headrace test`: run the test cases of jobs on a real Flink."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from headrace.cli.common import Context, Env, JobNames, Json, log, out, print_json, table
from headrace.errors import CheckFailed, HeadraceError, Problem, UserError

if TYPE_CHECKING:
    from rich.table import Table

    from headrace.authoring.test import Case, Outcome
    from headrace.authoring.test.compare import Difference

MOST_ROWS = 20


def run(
    jobs: JobNames = None,
    only: Annotated[
        str | None, typer.Option("-k", metavar="CASE", help="Only cases whose name contains this text.")
    ] = None,
    update: Annotated[
        bool, typer.Option("--update", help="Accept the rows that come out as the expected ones.")
    ] = False,
    env: Env = "local",
    json: Json = False,
) -> None:
    """Run the test cases of jobs, folders of data in tests/ next to job.yaml, on a Flink started for them."""
    from headrace.authoring import test

    context = Context(env)
    cases = _cases(context, jobs, only)
    if not update:
        test.check(context.project, cases)
    since, outcomes = time.monotonic(), []
    with log.status("starting Flink") as status:
        for outcome in test.run(context.project, context.settings, cases):
            outcomes.append(outcome)
            status.update(f"{len(outcomes)} of {len(cases)} cases")
            if not json:
                _show(context, outcome, update)
    failed = [o for o in outcomes if not o.passed]
    if json:
        print_json([_plain(o) for o in outcomes])
    else:
        passed = len(outcomes) - len(failed)
        tally = f"{len(outcomes)} updated" if update else f"{passed} passed, {len(failed)} failed"
        out.print(f"\n{tally} in {time.monotonic() - since:.1f} s", highlight=False)
    if failed and not update:
        raise typer.Exit(CheckFailed.exit_code)


def _cases(context: Context, jobs: list[str] | None, only: str | None) -> list[Case]:
    from headrace.authoring import test
    from headrace.project import job_folder

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


def _show(context: Context, outcome: Outcome, update: bool) -> None:
    from rich.markup import escape

    from headrace.authoring import test
    from headrace.project import job_folder

    case = outcome.case
    if update:
        for path in test.update(job_folder.load(context.project, case.job).job, outcome):
            out.print(f"[green]written[/] {path.relative_to(context.project.root)}", highlight=False, soft_wrap=True)
    verdict = "[green]passed[/]" if outcome.passed else "[yellow]updated[/]" if update else "[bold red]failed[/]"
    out.print(f"{verdict} {case.job} [bold]{case.name}[/] ({outcome.seconds:.1f} s)", highlight=False)
    if update:
        return
    for difference in outcome.differences:
        out.print(_rows(difference, case.settings.tolerance))
    for problem in outcome.problems:
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
        differing = set(difference.columns)
        if expected and actual:
            differing = cells_that_differ(expected, actual, difference.columns, tolerance)
        for sign, row, style in (("-", expected, "red"), ("+", actual, "green")):
            if row:
                cells = [_cell(shown(row.get(n)), style, n in differing) for n in difference.columns]
                rows.add_row(f"[{style}]{sign}[/]", *cells)
    if len(pairs) > MOST_ROWS:
        rows.caption = f"and {len(pairs) - MOST_ROWS} more"
    return rows


def _cell(text: str, style: str, differs: bool) -> str:
    from rich.markup import escape

    shown_text = escape(text) or "[dim]null[/]"
    return f"[{style}]{shown_text}[/]" if differs else shown_text


def _plain(outcome: Outcome) -> dict[str, Any]:
    return {
        "job": outcome.case.job,
        "case": outcome.case.name,
        "passed": outcome.passed,
        "seconds": round(outcome.seconds, 2),
        "differences": [asdict(d) for d in outcome.differences],
        "problems": [{**asdict(p), "where": str(p.where) if p.where else None} for p in outcome.problems],
    }
