"""Source contracts of a project: sql/_sources/<name>.yaml."""

from __future__ import annotations

from headrace import yamlfile
from headrace.errors import Place, UserError
from headrace.project import Project
from headrace_udfs.contract import Contract


def load(project: Project, name: str) -> Contract:
    """The contract `name`. Raises UserError with all that is wrong in its file, each thing at its line."""
    path = project.sql / "_sources" / f"{name}.yaml"
    if not path.is_file():
        known = ", ".join(names(project)) or "none yet"
        raise UserError(f"there is no source '{name}'", Place.of(path), f"sources of this project: {known}")
    return yamlfile.load(path, Contract)


def names(project: Project) -> list[str]:
    """Names of all contracts, sorted."""
    return sorted(path.stem for path in (project.sql / "_sources").glob("*.yaml"))
