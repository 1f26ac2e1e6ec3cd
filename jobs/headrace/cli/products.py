"""`headrace products`: the data products of the project, and whether they are what they promise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from headrace.cli import completion
from headrace.cli.common import Context, Env, Json, clock, log, out, print_json, table

if TYPE_CHECKING:
    from headrace.upkeep.products import Measured


def products(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="TABLE", help="A table with a product:; default: all.", autocompletion=completion.tables
        ),
    ] = None,
    env: Env = "local",
    json: Json = False,
) -> None:
    """Measure data products: how old the newest row is, and which share of the records is stored.

    A table is one if its file has a product:. Exits with 1 if a promise is not kept.
    """
    from headrace.upkeep import products as measuring

    context = Context(env)
    with log.status("measuring the products"):
        results = measuring.measure(context.project, context.settings, names)
    if json:
        print_json([plain(each) for each in results])
    elif results:
        _show(results)
    else:
        out.print("no table has a product:", highlight=False)
    measuring.verdict(context.project, results)


def plain(measured: Measured) -> dict[str, Any]:
    """Return what was measured as one JSON object; times and ages are in UTC and in seconds."""
    product = measured.product
    return {
        "table": measured.table,
        "version": product.version,
        "contact": product.contact,
        "use_instead": product.deprecated and product.deprecated.use,
        "newest": measured.newest,
        "age_s": measured.age and measured.age.total_seconds(),
        "freshness_s": product.freshness.total_seconds(),
        "is_fresh": measured.is_fresh,
        "rows": measured.rows,
        "dead_letters": measured.dead,
        "completeness": measured.completeness,
        "promised_completeness": product.completeness,
        "is_complete": measured.is_complete,
    }


def _show(results: list[Measured]) -> None:
    from headrace_udfs.durations import duration

    shown = table("product", "version", "newest row", "age", "promised", "complete", "promised ", numbers=("version",))
    for each in results:
        product = each.product
        style = None if each.is_fresh and each.is_complete else "bold red"
        share = "" if each.completeness is None else f"{each.completeness:.4%}"
        shown.add_row(
            each.table, str(product.version), clock(each.newest), each.age_in_words, duration(product.freshness),
            share, f"{product.completeness:.4%}", style=style,
        )  # fmt: skip
    out.print(shown)
    for each in results:
        if gone := each.product.deprecated:
            out.print(f"  {each.table} is deprecated since {gone.since}: use {gone.use}", highlight=False)
