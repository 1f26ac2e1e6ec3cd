"""docs: the catalogue of the project as a page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from headrace.authoring.docs import contents
from headrace.authoring.docs.page import page
from headrace.cli.common import Json, out, print_json
from headrace.errors import UserError
from headrace.project.paths import Project


def docs(
    to: Annotated[
        Path | None, typer.Option("--out", help="Folder for index.html.", show_default=".headrace/catalogue")
    ] = None,
    json: Json = False,
) -> None:
    """Write a page on every job, source, table, topic, macro and function, with what feeds what."""
    project = Project.find()
    file = (to or project.home / "catalogue") / "index.html"
    text = page(contents.read(project))
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UserError(f"cannot be written: {error.strerror}", str(file)) from None
    if json:
        print_json({"page": str(file)})
    else:
        out.print(f"wrote {file}", highlight=False, soft_wrap=True)
