"""`headrace graph`: show the flow of data as a tree, as Mermaid text or as a picture."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from headrace.cli import completion
from headrace.cli.common import Json, cannot_write, log, out, print_json
from headrace.project.paths import Project

if TYPE_CHECKING:
    from headrace.authoring.docs.lineage import Lineage

Format = Literal["text", "mermaid", "svg"]

_SUFFIXES: dict[str, Format] = {".svg": "svg", ".mmd": "mermaid", ".txt": "text"}


def graph(
    job: Annotated[
        str | None,
        typer.Argument(
            metavar="JOB",
            help="Only what feeds this job, and what it feeds.",
            autocompletion=completion.jobs,
        ),
    ] = None,
    form: Annotated[
        Format | None,
        typer.Option("--format", help="Output format.", show_default="by the suffix of --out, else text"),
    ] = None,
    to: Annotated[Path | None, typer.Option("--out", help="File to write.", show_default="standard output")] = None,
    json: Json = False,
) -> None:
    """Show which topics, jobs and tables feed which."""
    from headrace.authoring.docs import contents, lineage
    from headrace.authoring.docs.tree import tree

    drawn = lineage.draw(contents.read(Project.find()))
    if job:
        drawn = drawn.around(job)
    if json:
        print_json(_plain(drawn))
        return
    form = form or _SUFFIXES.get(to.suffix if to else ".txt", "text")
    if to is None and form == "text":
        out.print(tree(drawn))
    elif to is None:
        typer.echo(_text(drawn, form, job))
    else:
        _write(to, _text(drawn, form, job))
        log.print(f"wrote {to}", highlight=False)


def _text(drawn: Lineage, form: Format, job: str | None) -> str:
    from headrace.authoring.docs import drawing
    from headrace.authoring.docs.lineage import Node
    from headrace.authoring.docs.tree import tree

    if form == "svg":
        return drawing.svg(drawn, Node("job", job) if job else None)
    if form == "mermaid":
        return drawing.mermaid(drawn)
    with out.capture() as printed:
        out.print(tree(drawn))
    return printed.get()


def _write(to: Path, text: str) -> None:
    try:
        to.write_text(text, encoding="utf-8")
    except OSError as error:
        raise cannot_write(to, error) from None


def _plain(drawn: Lineage) -> dict[str, Any]:
    edges = [{"from": str(edge.start), "to": str(edge.end), "how": edge.how} for edge in drawn.edges]
    return {"nodes": [asdict(node) for node in drawn.nodes], "edges": edges}
