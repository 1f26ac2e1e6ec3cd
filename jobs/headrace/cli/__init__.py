"""The `headrace` command: each group of commands is a module of this package."""

from __future__ import annotations

import sys

import typer
from rich.markup import escape

from headrace.cli import (
    catalog,
    check,
    completeness,
    demo,
    deploy,
    docs,
    graph,
    history,
    lint,
    list_jobs,
    local,
    maintain,
    new,
    plan,
    query,
    recompute,
    reconcile,
    render,
    savepoints,
    schemas,
    serve,
    status,
    stop,
    submit,
    tables,
    tags,
    test,
    train,
    try_job,
    udfs,
    upgrade,
)
from headrace.cli.common import log
from headrace.errors import HeadraceError

app = typer.Typer(
    help="An open data historian: Kafka topics into Iceberg tables, decoded, enriched and scored on the way in.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
PLATFORM, WRITE, RUN, ASK = "Platform", "Write a job", "Run it", "Tables"

app.command(rich_help_panel=PLATFORM)(demo.demo)
app.add_typer(local.app, name="local", rich_help_panel=PLATFORM)

app.command(rich_help_panel=WRITE)(new.new)
app.command("list", rich_help_panel=WRITE)(list_jobs.list_jobs)
app.command(rich_help_panel=WRITE)(udfs.udfs)
app.command(rich_help_panel=WRITE)(render.render)
app.command(rich_help_panel=WRITE)(lint.lint)
app.command("test", rich_help_panel=WRITE)(test.run)
app.command("try", rich_help_panel=WRITE)(try_job.run)
app.command(rich_help_panel=WRITE)(plan.plan)
app.command(rich_help_panel=WRITE)(graph.graph)
app.command(rich_help_panel=WRITE)(docs.docs)
app.command(rich_help_panel=WRITE)(schemas.schemas)

app.command(rich_help_panel=RUN)(deploy.deploy)
app.command(rich_help_panel=RUN)(submit.submit)
app.command(rich_help_panel=RUN)(upgrade.upgrade)
app.command(rich_help_panel=RUN)(upgrade.rollback)
app.command(rich_help_panel=RUN)(upgrade.restart)
app.command(rich_help_panel=RUN)(stop.stop)
app.add_typer(savepoints.app, name="savepoints", rich_help_panel=RUN)
app.command(rich_help_panel=RUN)(status.status)
app.command(rich_help_panel=RUN)(reconcile.reconcile)
app.command(rich_help_panel=RUN)(completeness.completeness)

app.add_typer(tables.app, name="tables", rich_help_panel=ASK)
app.command(rich_help_panel=ASK)(maintain.maintain)
app.command(rich_help_panel=ASK)(recompute.recompute)
app.command(rich_help_panel=ASK)(query.query)
app.command(rich_help_panel=ASK)(history.history)
app.command(rich_help_panel=ASK)(serve.serve)
app.command(rich_help_panel=ASK)(check.check)
app.add_typer(tags.app, name="tags", rich_help_panel=ASK)
app.add_typer(train.app, name="train", rich_help_panel=ASK)
app.add_typer(catalog.app, name="catalog", rich_help_panel=ASK)


def main() -> None:
    """Run a command; what a person should know goes to standard error, one problem after another."""
    try:
        app()
    except HeadraceError as error:
        for problem in error.problems:
            where = f"[bold]{escape(str(problem.where))}[/]: " if problem.where else ""
            log.print(f"[bold red]error[/] {where}{escape(problem.what)}", highlight=False, soft_wrap=True)
            if problem.fix:
                log.print(f"  [green]fix[/] {escape(problem.fix)}", highlight=False, soft_wrap=True)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        log.print("interrupted")
        sys.exit(130)
