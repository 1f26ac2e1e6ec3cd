"""schemas: what an editor completes and checks the project's YAML files by."""

from __future__ import annotations

from typing import Annotated

import typer

from headrace.authoring import json_schemas
from headrace.cli.common import Json, out, print_json
from headrace.errors import CheckFailed
from headrace.project.paths import Project


def schemas(
    write: Annotated[bool, typer.Option("--write", help="Make it so, rather than check it.")] = False,
    json: Json = False,
) -> None:
    """Check that sql/_schemas/ is as this headrace has it, and that each YAML file names its schema."""
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
