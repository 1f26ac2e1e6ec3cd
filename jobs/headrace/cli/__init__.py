"""The `headrace` command: each group of commands is a module of this package."""

from __future__ import annotations

import sys

import typer
from rich.markup import escape

from headrace.cli import cases, demo, jobs, local, query, tables, tags, train, trial
from headrace.cli.common import log
from headrace.errors import HeadraceError

app = typer.Typer(
    help="An open data historian: Kafka topics into Iceberg tables, decoded, enriched and scored on the way in.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
app.command(rich_help_panel="Platform")(demo.demo)
app.add_typer(local.app, name="local", rich_help_panel="Platform")
app.add_typer(tables.app, name="tables", rich_help_panel="Tables")
app.add_typer(tags.app, name="tags", rich_help_panel="Tables")
app.add_typer(train.app, name="train", rich_help_panel="Tables")
app.command(rich_help_panel="Tables")(query.query)
app.command("test", rich_help_panel="Analyst")(cases.run)
app.command("try", rich_help_panel="Analyst")(trial.run)
app.command(rich_help_panel="Jobs")(jobs.submit)
app.command(rich_help_panel="Jobs")(jobs.stop)
app.command(rich_help_panel="Jobs")(jobs.reconcile)


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
