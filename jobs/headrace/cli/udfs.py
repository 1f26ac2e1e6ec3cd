"""`headrace udfs`: list the Python functions that jobs can use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from headrace.cli.common import Json, out, print_json, table
from headrace.project.paths import Project

if TYPE_CHECKING:
    from rich.table import Table

    from headrace.authoring.udfs import Udf

_WHERE = {
    "step": "steps: job.yaml names them under steps:",
    "sql": "functions: SQL names them",
    "own": "functions of this project: SQL names them, and job.yaml under functions:",
}


def udfs(
    measure: Annotated[
        bool, typer.Option("--measure", help="Measure the cost on this machine, over a batch of rows.")
    ] = False,
    json: Json = False,
) -> None:
    """List the Python functions that jobs can use: types, units, an example, and with --measure the cost per row."""
    from headrace.authoring import udfs as functions

    listing = functions.listing(Project.find(), measure=measure)
    if json:
        print_json([udf.to_json() for udf in listing])
        return
    for kind, title in _WHERE.items():
        if of_kind := [udf for udf in listing if udf.kind == kind]:
            out.print(f"[bold underline]{title}[/]\n", highlight=False)
            for udf in of_kind:
                _show(udf)


def _show(udf: Udf) -> None:
    from rich.markup import escape
    from rich.padding import Padding
    from rich.text import Text

    about = udf.function
    out.print(f"[bold]{escape(udf.signature)}[/]", highlight=False)
    lines = [about.doc, f"null: {about.null}", f"source: {about.source}"]
    if udf.us_per_row is not None:
        lines.append(f"cost: {udf.us_per_row:.3f} us per row")
    example = table(*about.inputs, *(f"-> {name}" for name in about.outputs))
    for row in udf.example():
        example.add_row(*(_cell(value) for value in row.values()))
    parts: list[Text | Table] = [*map(Text, lines), example]
    for part in parts:
        out.print(Padding(part, (0, 0, 0, 2), expand=False))


def _cell(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.6g}" if isinstance(value, float) else str(value)
