"""`headrace schemas`: check or write the JSON schemas that editors use to complete and check the YAML files."""

from __future__ import annotations

from typing import Annotated

import typer

from headrace.cli.common import Json, out, print_json
from headrace.errors import CheckFailed
from headrace.project.paths import Project


def schemas(
    write: Annotated[bool, typer.Option("--write", help="Write the schemas and the references to them.")] = False,
    json: Json = False,
) -> None:
    """Check that sql/_schemas/ is up to date, and that every YAML file names its schema."""
    from headrace.authoring import json_schemas

    project = Project.find()
    written = json_schemas.write(project) if write else []
    problems = json_schemas.check(project)
    if json:
        print_json({"written": list(map(str, written)), "problems": list(map(str, problems))})
    for path in [] if json else written:
        out.print(f"wrote {path.relative_to(project.root)}", highlight=False)
    if problems:
        raise CheckFailed(problems)
    if not json:
        out.print(f"{len(json_schemas.KINDS)} schemas, and every YAML file names its own", highlight=False)
