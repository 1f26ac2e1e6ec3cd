"""The files of sql/_tables/, each of which describes the table that it is named after.

The tables that headrace's own commands read and write are in _system/; what tables share is in _defaults.yaml.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from headrace.errors import Place, Problem, UserError, unknown
from headrace.project import yaml_file
from headrace.project.paths import Project
from headrace.project.table import Defaults, Table

TABLE_NAME = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*")


def path_of(project: Project, name: str) -> Path:
    """Return the path of the file that describes the table `<namespace>.<table>`, whether it exists or not."""
    system = project.sql / "_tables" / "_system" / f"{name}.yaml"
    return system if system.is_file() else project.sql / "_tables" / f"{name}.yaml"


def names(project: Project) -> list[str]:
    """Return the names of the tables that have a file, sorted; the files are not read."""
    return sorted(path.stem for path in _files(project) if path.suffix == ".yaml" and TABLE_NAME.fullmatch(path.stem))


def load_all(project: Project) -> dict[str, Table]:
    """Return every table of the project by name, sorted. Raises UserError with all faults of the files."""
    found, problems = [], []
    for path in _files(project):
        if path.suffix != ".yaml" or not TABLE_NAME.fullmatch(path.stem):
            fix = "name it <namespace>.<table>.yaml, in lower case"
            problems.append(Problem("the name of this file is not that of a table", Place.of(path), fix))
        elif path != path_of(project, path.stem):
            other = Place.of(path_of(project, path.stem))
            problems.append(Problem(f"{other} describes this table already", Place.of(path), "remove one of the two"))
        else:
            found.append(path.stem)
    tables, faults = _load(project, sorted(found))
    faults += [] if faults else _replacements(project, tables)
    if problems or faults:
        raise UserError([*problems, *faults])
    return tables


def _replacements(project: Project, tables: Mapping[str, Table]) -> list[Problem]:
    """Return a problem for each deprecated product whose replacement is not another product."""
    problems = []
    for name, table in tables.items():
        if table.product and (gone := table.product.deprecated):
            other = tables.get(gone.use)
            if other is None or other is table or other.product is None:
                where = yaml_file.place(path_of(project, name), ("product", "deprecated", "use"))
                known = [each for each, of in tables.items() if of.product and each != name]
                fix = f"name one of: {', '.join(known)}" if known else "give a table that replaces it a product: first"
                problems.append(Problem(f"'{gone.use}' is not another product", where, fix))
    return problems


def pick(project: Project, names: Iterable[str] | None) -> dict[str, Table]:
    """Return the tables `names`, or all for None. Raises UserError for all absent and faulty files."""
    if names is None:
        return load_all(project)
    tables, problems = _load(project, names)
    if problems:
        raise UserError(problems)
    return tables


def _files(project: Project) -> list[Path]:
    """Return the files of _tables/ and _tables/_system/ that should each describe a table."""
    folder = project.sql / "_tables"
    paths = [path for each in (folder, folder / "_system") if each.is_dir() for path in each.iterdir()]
    return sorted(path for path in paths if path not in (folder / "_system", folder / "_defaults.yaml"))


def _load(project: Project, names: Iterable[str]) -> tuple[dict[str, Table], list[Problem]]:
    try:
        path = project.sql / "_tables" / "_defaults.yaml"
        defaults = yaml_file.load(path, Defaults) if path.is_file() else Defaults()
    except UserError as error:
        return {}, list(error.problems)
    tables: dict[str, Table] = {}
    problems: list[Problem] = []
    for name in names:
        path = path_of(project, name)
        if not TABLE_NAME.fullmatch(name) or not path.is_file():
            problems.append(_unknown(project, name))
            continue
        try:
            tables[name] = yaml_file.load(path, Table, defaults)
        except UserError as error:
            problems += error.problems
    return tables, problems


def _unknown(project: Project, name: str) -> Problem:
    known = sorted(path.stem for path in _files(project) if path.suffix == ".yaml")
    return unknown("table", name, known, Place.of(path_of(project, name)))
