"""A new function of the project's own: a folder of udfs/ that works, and an example that passes."""

from __future__ import annotations

from pathlib import Path

from headrace.authoring import json_schemas
from headrace.authoring.new import file_text
from headrace.authoring.new.write_files import write_all
from headrace.compose import function_names
from headrace.errors import Place, UserError
from headrace.project import function_files
from headrace.project.paths import Project
from headrace_udfs.own_function import MODULE


def write_function(project: Project, name: str) -> list[Path]:
    """Write udfs/<name>/ and return the paths of its files.

    Raises UserError if the name is not free, or the function exists; PlatformError if a file cannot be written.
    """
    folder = function_files.folder(project, name)
    if taken := function_names.clash(project, name):
        raise UserError(taken, fix="choose another name: lower case letters, digits and _")
    if folder.exists():
        raise UserError(f"there is a folder udfs/{name} already", Place.of(folder), "choose another name")
    file = folder / function_files.FILE
    return write_all(
        {
            file: json_schemas.modeline(project, file, "function") + file_text.rendered("function.yaml", name=name),
            folder / MODULE: file_text.rendered("function.py", name=name),
        }
    )
