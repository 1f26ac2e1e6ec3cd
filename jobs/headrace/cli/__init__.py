"""The `headrace` command: one module per command or group of commands.

Modules import at the top only what a command's signature needs, and everything heavy inside the functions that use it,
because `headrace --help` and completion load all of these modules.
"""

from __future__ import annotations

import logging
import sys
import warnings
from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated

import typer

from headrace.cli import (
    catalog,
    check,
    completeness,
    dead_letters,
    demo,
    deploy,
    docs,
    events,
    flink_page,
    graph,
    history,
    lint,
    list_jobs,
    local,
    maintain,
    model,
    new,
    plan,
    products,
    query,
    recompute,
    reconcile,
    render,
    savepoints,
    schemas,
    send,
    serve,
    source,
    standard_streams,
    states,
    status,
    stop,
    submit,
    tables,
    tags,
    test,
    topics,
    try_job,
    udfs,
    upgrade,
)
from headrace.cli.common import NOTICES, log, out
from headrace.errors import HeadraceError

if TYPE_CHECKING:
    from headrace.errors import Problem

INTERRUPTED = 130
EPILOG = (
    "Exit codes: 0 success, 1 a check failed, 2 an error in your files or arguments, 3 a service failed; "
    "130 interrupted, 141 the reader of the output has gone."
)
PANELS = AUTHOR, DEPLOY, ASK, HEALTH, LOCAL = "Author", "Deploy", "Ask", "Keep healthy", "Local"

app = typer.Typer(
    help="An open data historian: Kafka topics into Iceberg tables, decoded, enriched and scored on the way in.",
    epilog=EPILOG,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        out.print(f"headrace {version('headrace')}", highlight=False)
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Have options that belong to no command."""


app.command(rich_help_panel=AUTHOR)(new.new)
app.add_typer(source.app, name="source", rich_help_panel=AUTHOR)
app.command("list", rich_help_panel=AUTHOR)(list_jobs.list_jobs)
app.command(rich_help_panel=AUTHOR)(udfs.udfs)
app.command(rich_help_panel=AUTHOR)(render.render)
app.command(rich_help_panel=AUTHOR)(lint.lint)
app.command("test", rich_help_panel=AUTHOR)(test.run)
app.command("try", rich_help_panel=AUTHOR)(try_job.run)
app.command(rich_help_panel=AUTHOR)(plan.plan)
app.command(rich_help_panel=AUTHOR)(graph.graph)
app.command(rich_help_panel=AUTHOR)(docs.docs)
app.command(rich_help_panel=AUTHOR)(schemas.schemas)

app.command(rich_help_panel=DEPLOY)(deploy.deploy)
app.command(rich_help_panel=DEPLOY)(submit.submit)
app.command(rich_help_panel=DEPLOY)(upgrade.upgrade)
app.command(rich_help_panel=DEPLOY)(upgrade.rollback)
app.command(rich_help_panel=DEPLOY)(upgrade.restart)
app.command(rich_help_panel=DEPLOY)(stop.stop)
app.add_typer(savepoints.app, name="savepoints", rich_help_panel=DEPLOY)
app.add_typer(tables.app, name="tables", rich_help_panel=DEPLOY)
app.add_typer(topics.app, name="topics", rich_help_panel=DEPLOY)
app.command(rich_help_panel=DEPLOY)(send.send)
app.add_typer(catalog.app, name="catalog", rich_help_panel=DEPLOY)

app.command(rich_help_panel=ASK)(query.query)
app.command(rich_help_panel=ASK)(history.history)
app.command(rich_help_panel=ASK)(serve.serve)
app.add_typer(tags.app, name="tags", rich_help_panel=ASK)
app.add_typer(events.app, name="events", rich_help_panel=ASK)
app.add_typer(states.app, name="states", rich_help_panel=ASK)

app.command(rich_help_panel=HEALTH)(status.status)
app.command("flink-page", rich_help_panel=HEALTH)(flink_page.flink_page)
app.command(rich_help_panel=HEALTH)(reconcile.reconcile)
app.command(rich_help_panel=HEALTH)(completeness.completeness)
app.command("dead-letters", rich_help_panel=HEALTH)(dead_letters.dead_letters)
app.command(rich_help_panel=HEALTH)(check.check)
app.command(rich_help_panel=HEALTH)(products.products)
app.command(rich_help_panel=HEALTH)(maintain.maintain)
app.command(rich_help_panel=HEALTH)(recompute.recompute)
app.add_typer(model.app, name="model", rich_help_panel=HEALTH)

app.command(rich_help_panel=LOCAL)(demo.demo)
app.add_typer(local.app, name="local", rich_help_panel=LOCAL)


def main() -> None:
    """Run the command in `sys.argv` and exit with its code; errors go to standard error, one after another."""
    standard_streams.guard()
    # Log records and warnings of libraries are not for users; Python would print them to standard error.
    logging.getLogger().addHandler(logging.NullHandler())
    logging.getLogger("headrace").addHandler(NOTICES)
    if not sys.warnoptions:
        warnings.simplefilter("ignore")
    code = _exit_code(app)
    sys.exit(_exit_code(standard_streams.flush) or code)


def _exit_code(run: Callable[[], object]) -> int | str | None:
    try:
        run()
    except HeadraceError as error:
        if isinstance(error, standard_streams.OutputFailed):
            standard_streams.discard()
        for problem in error.problems:
            _print(problem)
        return error.exit_code
    except SystemExit as end:
        if end.code == standard_streams.CLOSED_PIPE:
            standard_streams.discard()
        return end.code
    except KeyboardInterrupt:
        log.print("interrupted")
        return INTERRUPTED
    return 0


def _print(problem: Problem) -> None:
    from rich.markup import escape

    where = f"[bold]{escape(str(problem.where))}[/]: " if problem.where else ""
    log.print(f"[bold red]error[/] {where}{escape(problem.what)}", highlight=False, soft_wrap=True)
    if problem.fix:
        fix = problem.fix + _of_environment(problem.fix)
        log.print(f"  [green]fix[/] {escape(fix)}", highlight=False, soft_wrap=True)


def _of_environment(fix: str) -> str:
    """Return the note that the commands of a fix are for the environment that `--env` has named, if it has."""
    given = sys.argv[1:]
    names = [each.partition("=")[2] for each in given if each.startswith("--env=")]
    names += [name for option, name in pairwise(given) if option == "--env"]
    return f" (with --env {names[-1]})" if names and "headrace " in fix and "--env" not in fix else ""
