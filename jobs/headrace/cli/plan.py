"""plan."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape

from headrace.authoring.diff import JobPlan, Report, report
from headrace.cli.common import Context, Env, Json, log, out, print_json
from headrace.cli.markdown import plan_comment
from headrace.environment.apply import table_changes
from headrace.environment.apply.table_changes import TablePlan
from headrace.errors import UserError

JobNames = Annotated[
    list[str] | None, typer.Argument(metavar="[JOB]...", help="<domain>/<job>_v<N>; all of them if none is named.")
]

_STYLES = {"new": "green", "removed": "red", "changed": "yellow"}


def plan(
    jobs: JobNames = None,
    against: Annotated[
        str, typer.Option(metavar="REF", help="The git ref to compare with, like origin/main.")
    ] = "HEAD",
    as_markdown: Annotated[bool, typer.Option("--markdown", help="Print a comment for a pull request.")] = False,
    env: Env = "local",
    json: Json = False,
) -> None:
    """Show what changed jobs would do otherwise, in words and in Flink's plan; ends with 1 if a table change is unsafe.

    It needs git, and neither a broker nor a cluster.
    """
    if json and as_markdown:
        raise UserError("--json and --markdown are two answers", fix="ask for one")
    with log.status("reading the jobs") as status:
        made = report(Context(env).project, env, jobs, against, status.update)
    if json:
        print_json(made.to_json())
    elif as_markdown:
        typer.echo(plan_comment(made), nl=False)
    else:
        _show(made)
    table_changes.require_safe(made.tables)


def _show(made: Report) -> None:
    for job in made.jobs:
        _job(job)
    if not made.jobs:
        _line(f"No job changes against {made.ref} ({made.commit[:10]}).")
    for table in made.tables:
        _table(table)
    for each in made.unchecked:
        _line(f"[dim]not checked: {escape(each)}[/]")


def _job(job: JobPlan) -> None:
    _line(f"[bold]{job.job}[/] [{_STYLES[job.status]}]{job.status}[/]")
    for part, changes in job.parts.items():
        _line(f"  [bold]{escape(part)}[/]")
        for change in changes:
            _line(f"    {escape(str(change))}")
    if job.operator_changes:
        _line("  [bold]Flink's plan[/]")
    elif job.operators and job.status == "changed":
        _line("  [bold]Flink's plan[/] stays the same")
    for pair in job.operator_changes:
        _line(f"    {escape(str(pair.operator))}")
        for said in map(str, pair.changes or [pair.kind]):
            _line(f"      {escape(said)}")
    for note in job.notes:
        _line(f"  {escape(note)}")
    out.print()


def _table(table: TablePlan) -> None:
    _line(f"[bold]table {table.name}[/]: to {table.action}")
    for change in table.changes:
        _line(f"    {change.kind} {escape(change.target)}: {escape(change.detail)}")


def _line(text: str) -> None:
    out.print(text, highlight=False, soft_wrap=True)
