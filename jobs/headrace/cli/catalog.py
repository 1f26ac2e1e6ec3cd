"""`headrace catalog check`: test the Iceberg catalog of an environment and the store behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from headrace.cli.common import Context, Env, Json, log, out, print_json, table

if TYPE_CHECKING:
    from headrace.operations.catalog_check import Part

app = typer.Typer(help="The Iceberg catalog of an environment, and the store behind it.", no_args_is_help=True)

_STYLES = {"works": None, "fails": "bold red", "skipped": "dim"}


@app.command()
def check(env: Env = "local", json: Json = False) -> None:
    """Test each part that must work: reach, sign-in, write, commit, and reading back by pyiceberg, DuckDB and Flink.

    Creates a table headrace_check.t_... and drops it again. Exits with 1 if a part fails, and says how to fix it.
    """
    from headrace.operations import catalog_check

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
    from rich.markup import escape

    shown = table("part", "outcome", "time", numbers=["time"])
    for part in parts:
        time = "" if part.outcome == "skipped" else f"{part.seconds:.1f} s"
        shown.add_row(escape(part.name), part.outcome, time, style=_STYLES[part.outcome])
    out.print(shown)
