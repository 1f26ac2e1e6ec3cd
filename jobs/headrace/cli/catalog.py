"""catalog check."""

from __future__ import annotations

import typer
from rich.markup import escape

from headrace.cli.common import Context, Env, Json, log, out, print_json, table
from headrace.operations import catalog_check
from headrace.operations.catalog_check import Part

app = typer.Typer(help="The Iceberg catalog of an environment, and the store behind it.", no_args_is_help=True)

_STYLES = {"works": None, "fails": "bold red", "skipped": "dim"}


@app.command()
def check(env: Env = "local", json: Json = False) -> None:
    """Try each part that has to work: reach, sign-in, write, commit, and reading back by pyiceberg, DuckDB and Flink.

    Makes a table headrace_check.t_... and drops it again. Ends with 1 where a part fails, and says what to do.
    """
    context = Context(env)
    with log.status("checking the catalog") as status:
        parts = catalog_check.check(
            context.project, context.settings, lambda name: status.update(f"checking the catalog: {name}")
        )
    if json:
        print_json({"parts": [part.to_json() for part in parts]})
    else:
        _show(parts)
    catalog_check.verdict(parts)


def _show(parts: list[Part]) -> None:
    shown = table("part", "outcome", "time", numbers=("time",))
    for part in parts:
        time = "" if part.outcome == "skipped" else f"{part.seconds:.1f} s"
        shown.add_row(escape(part.name), part.outcome, time, style=_STYLES[part.outcome])
    out.print(shown)
