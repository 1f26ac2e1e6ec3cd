"""`headrace check`: run the checks.sql.j2 of jobs against the stored tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from headrace.cli import cells
from headrace.cli.common import Context, Env, JobNames, Json, log, out, print_json, table

if TYPE_CHECKING:
    from headrace.upkeep.checks.run_checks import CheckResult


def check(jobs: JobNames = None, env: Env = "local", json: Json = False) -> None:
    """Run the checks.sql.j2 of jobs against the Iceberg tables: each SELECT in it must return no rows."""
    from headrace.project import job_folder
    from headrace.upkeep.checks import run_checks

    context = Context(env)
    names = jobs or job_folder.names(context.project)
    with log.status("checking the tables"):
        results = run_checks.run(context.project, context.settings, names)
    without = [name for name in names if name not in {result.job for result in results}]
    if json:
        print_json({"checks": [_plain(result) for result in results], "no_checks": without})
    else:
        _show(results, without)
    run_checks.verdict(results)


def _show(results: list[CheckResult], without: list[str]) -> None:
    from itertools import groupby

    from rich.markup import escape

    numbers = ("rows that break it", "time")
    for job, group in groupby(results, key=lambda result: result.job):
        shown = table("check", *numbers, title=job, numbers=numbers, prose=["check"])
        own = list(group)
        for result in own:
            row = escape(result.name), f"{result.broken:,}", f"{result.seconds:.2f} s"
            shown.add_row(*row, style=None if result.holds else "bold red")
        out.print(shown)
        for result in own:
            if not result.holds:
                _show_rows(result)
    for name in without:
        out.print(f"{name}: no checks", highlight=False)


def _show_rows(result: CheckResult) -> None:
    from rich.markup import escape
    from rich.padding import Padding

    first = f", the first {len(result.rows)} of {result.broken:,}" if result.broken > len(result.rows) else ""
    out.print(f"[bold]{escape(result.name)}[/]{first}:", highlight=False)
    shown = table(*result.rows[0])
    for row in result.rows:
        shown.add_row(*(escape(cells.text(value)) for value in row.values()))
    out.print(Padding(shown, (0, 0, 0, 2), expand=False))


def _plain(result: CheckResult) -> dict[str, Any]:
    return {**result.to_json(), "rows": result.rows}
