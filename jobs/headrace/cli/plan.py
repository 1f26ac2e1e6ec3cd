"""`headrace plan`: show how changed jobs would behave differently."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from headrace.cli.common import Context, Env, JobNames, Json, Markdown, log, out, print_json, refuse_together

if TYPE_CHECKING:
    from headrace.authoring.diff import JobPlan, Report
    from headrace.environment.apply.table_changes import TablePlan

_STYLES = {"new": "green", "removed": "red", "changed": "yellow"}


def plan(
    jobs: JobNames = None,
    against: Annotated[str, typer.Option(metavar="REF", help="Git ref to compare with, like origin/main.")] = "HEAD",
    as_markdown: Markdown = False,
    env: Env = "local",
    json: Json = False,
) -> None:
    """Show how changed jobs would behave differently, in words and in Flink's plan.

    Exits with 1 if a table change is unsafe, or breaks the readers of a data product without a new version. It needs
    git, but neither a broker nor a cluster.
    """
    from headrace.authoring.diff import products, report
    from headrace.environment.apply import table_changes

    refuse_together(json=json, markdown=as_markdown)
    with log.status("reading the jobs") as status:
        changes = report(Context(env).project, env, jobs, against, status.update)
    if json:
        print_json(changes.to_json())
    elif as_markdown:
        from headrace.cli.markdown import plan_comment

        typer.echo(plan_comment(changes), nl=False)
    else:
        _show(changes)
    products.require_new_versions(changes.products)
    table_changes.require_safe(changes.tables)


def _show(changes: Report) -> None:
    for job in changes.jobs:
        _job(job)
    if not changes.jobs:
        _line(f"No job changes against {changes.ref} ({changes.commit[:10]}).")
    for table in changes.tables:
        _table(table)
    for product in changes.products:
        _line(f"[bold]product {product.table}[/]: {product.versions}")
        for breaking in product.breaking:
            _line(f"    breaks readers: {_escaped(breaking)}")
    for part in changes.unchecked:
        _line(f"[dim]not checked: {_escaped(part)}[/]")


def _job(job: JobPlan) -> None:
    _line(f"[bold]{job.job}[/] [{_STYLES[job.status]}]{job.status}[/]")
    for part, changes in job.parts.items():
        _line(f"  [bold]{_escaped(part)}[/]")
        for change in changes:
            _line(f"    {_escaped(change)}")
    if job.operator_changes:
        _line("  [bold]Flink's plan[/]")
    elif job.operators and job.status == "changed":
        _line("  [bold]Flink's plan[/] stays the same")
    for pair in job.operator_changes:
        _line(f"    {_escaped(pair.operator)}")
        for difference in pair.changes or [pair.kind]:
            _line(f"      {_escaped(difference)}")
    for note in job.notes:
        _line(f"  {_escaped(note)}")
    out.print()


def _table(table: TablePlan) -> None:
    _line(f"[bold]table {table.name}[/]: to {table.action}")
    for change in table.changes:
        _line(f"    {change.kind} {_escaped(change.target)}: {_escaped(change.detail)}")


def _escaped(text: object) -> str:
    from rich.markup import escape

    return escape(str(text))


def _line(text: str) -> None:
    out.print(text, highlight=False, soft_wrap=True)
