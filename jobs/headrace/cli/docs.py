"""`headrace docs`: write the catalogue of the project as an HTML page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from headrace.cli.common import Context, Env, Json, cannot_write, out, print_json
from headrace.project.paths import Project


def docs(
    to: Annotated[
        Path | None, typer.Option("--out", help="Folder for index.html.", show_default=".headrace/catalogue")
    ] = None,
    measured: Annotated[
        bool, typer.Option("--measured", help="Show what data products promise next to what they are now.")
    ] = False,
    env: Env = "local",
    json: Json = False,
) -> None:
    """Write a page that describes every job, source, table, topic, macro and function, and how data flows.

    With --measured, it reads the tables of an environment, and shows how old and how complete each data product is.
    """
    from headrace.authoring.docs import contents
    from headrace.authoring.docs.page import page
    from headrace.upkeep import products

    project = Project.find()
    file = (to or project.home / "catalogue") / "index.html"
    found = products.measure(project, Context(env).settings) if measured else []
    text = page(project, contents.read(project), {each.table: each for each in found})
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise cannot_write(file, error) from None
    if json:
        print_json({"page": str(file)})
    else:
        out.print(f"wrote {file}", highlight=False, soft_wrap=True)
