"""The files of sql/_tables/: one table each, named as the table is."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from pathlib import Path

from headrace.errors import Place, Problem, UserError
from headrace.project import yaml_file
from headrace.project.paths import Project
from headrace.project.table import Table

TABLE_NAME = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*")


def path_of(project: Project, name: str) -> Path:
    """Where the table `<namespace>.<table>` is described."""
    return project.sql / "_tables" / f"{name}.yaml"


def load_all(project: Project) -> dict[str, Table]:
    """Every table of the project by `<namespace>.<table>`, in that order. Raises UserError with all that is wrong."""
    tables, problems = {}, []
    for path in sorted((project.sql / "_tables").iterdir() if (project.sql / "_tables").is_dir() else []):
        if path.suffix != ".yaml" or not TABLE_NAME.fullmatch(path.stem):
            fix = "call it <namespace>.<table>.yaml, in lower case"
            problems.append(Problem("this file name names no table", Place.of(path), fix))
            continue
        try:
            tables[path.stem] = yaml_file.load(path, Table)
        except UserError as error:
            problems += error.problems
    if problems:
        raise UserError(problems)
    return tables


def pick(project: Project, names: Iterable[str] | None) -> dict[str, Table]:
    """The tables called `names`, or all. Raises UserError with all that is wrong in their files, or has no file."""
    if names is None:
        return load_all(project)
    tables, problems = {}, []
    for name in names:
        path = path_of(project, name)
        if not TABLE_NAME.fullmatch(name) or not path.is_file():
            problems.append(_unknown(project, name))
            continue
        try:
            tables[name] = yaml_file.load(path, Table)
        except UserError as error:
            problems += error.problems
    if problems:
        raise UserError(problems)
    return tables


def _unknown(project: Project, name: str) -> Problem:
    known = sorted(path.stem for path in (project.sql / "_tables").glob("*.yaml"))
    near = difflib.get_close_matches(name, known, n=1)
    fix = f"did you mean '{near[0]}'?" if near else f"tables of this project: {', '.join(known) or 'none yet'}"
    return Problem(f"there is no table '{name}'", Place.of(path_of(project, name)), fix)
