"""graph: what feeds what, as a tree, Mermaid text or a picture."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from headrace.authoring.docs import contents, drawing, lineage
from headrace.authoring.docs.lineage import Lineage, Node
from headrace.authoring.docs.tree import tree
from headrace.cli.common import Json, log, out, print_json
from headrace.errors import UserError
from headrace.project.paths import Project

Format = Literal["text", "mermaid", "svg"]

_SUFFIXES: dict[str, Format] = {".svg": "svg", ".mmd": "mermaid", ".txt": "text"}


def graph(
    job: Annotated[str | None, typer.Argument(metavar="[JOB]", help="What leads to this job, and from it.")] = None,
    form: Annotated[
        Format | None, typer.Option("--format", help="How to draw it.", show_default="by --out, else text")
    ] = None,
    to: Annotated[Path | None, typer.Option("--out", help="File to write.", show_default="print it")] = None,
    json: Json = False,
) -> None:
    """Show which topics, jobs and tables feed which."""
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
        raise UserError(f"cannot be written: {error.strerror}", str(to)) from None


def _plain(drawn: Lineage) -> dict[str, Any]:
    edges = [{"from": str(edge.start), "to": str(edge.end), "how": edge.how} for edge in drawn.edges]
    return {"nodes": [asdict(node) for node in drawn.nodes], "edges": edges}
