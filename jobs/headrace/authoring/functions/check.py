"""Every fault in the folders of functions, at once."""

from __future__ import annotations

from collections.abc import Iterator

from headrace.authoring.functions import examples, imports
from headrace.compose import function_names
from headrace.errors import Place, Problem, UserError
from headrace.project import function_files
from headrace.project.function_kinds import PythonFunction
from headrace.project.paths import Project


def problems(project: Project, name: str) -> list[Problem]:
    """Return every fault in the folder of the function `name`. Its example is run only if there is no other fault."""
    folder = function_files.folder(project, name)
    found: list[Problem] = []
    if taken := function_names.clash(project, name):
        where = Place.of(folder / function_files.FILE, 1)
        found.append(Problem(taken, where, "give the function another name, and its folder too"))
    try:
        file = function_files.load(project, name)
    except UserError as error:
        return [*found, *error.problems, *_of_imports(project, name)]
    if isinstance(file, PythonFunction):
        found += _of_imports(project, name)
    return found or examples.run(project, name).problems


def _of_imports(project: Project, name: str) -> Iterator[Problem]:
    for path in sorted(function_files.folder(project, name).rglob("*.py")):
        try:
            yield from imports.problems(project, path)
        except UserError:
            continue  # a fault of its syntax is reported when it is loaded
