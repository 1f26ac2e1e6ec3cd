"""udfs."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.console import RenderableType
from rich.markup import escape
from rich.padding import Padding
from rich.text import Text

from headrace.authoring import udfs as catalogue
from headrace.authoring.udfs import BATCH, Udf
from headrace.cli.common import Json, out, print_json, table

_WHERE = {"step": "steps: job.yaml names them under steps:", "sql": "functions: SQL names them"}


def udfs(
    measure: Annotated[
        bool, typer.Option("--measure", help=f"Measure the cost on this machine, at a batch of {BATCH:,} rows.")
    ] = False,
    json: Json = False,
) -> None:
    """List the Python functions that a job can name: types, units, an example, and the cost of a row."""
    found = catalogue.listing(measure=measure)
    if json:
        print_json([each.to_json() for each in found])
        return
    for kind, title in _WHERE.items():
        out.print(f"[bold underline]{title}[/]\n", highlight=False)
        for each in (udf for udf in found if udf.kind == kind):
            _show(each)


def _show(udf: Udf) -> None:
    about = udf.function
    out.print(f"[bold]{escape(udf.signature)}[/]", highlight=False)
    told = [about.doc, f"null: {about.null}", f"source: {about.source}"]
    if udf.us_per_row is not None:
        told.append(f"cost: {udf.us_per_row:.3f} us a row")
    shown = table(*about.inputs, *(f"-> {name}" for name in about.outputs))
    for row in udf.example():
        shown.add_row(*(_cell(value) for value in row.values()))
    parts: list[RenderableType] = [*map(Text, told), shown]
    for part in parts:
        out.print(Padding(part, (0, 0, 0, 2), expand=False))


def _cell(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.6g}" if isinstance(value, float) else str(value)
