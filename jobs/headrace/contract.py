"""Source contracts of a project: sql/_sources/<name>.yaml."""

from __future__ import annotations

import difflib

from headrace import yamlfile
from headrace.errors import Place, UserError
from headrace.project import Project
from headrace_udfs.contract import Contract


def load(project: Project, name: str) -> Contract:
    """The contract `name`. Raises UserError with all that is wrong in its file, each thing at its line."""
    path = project.sql / "_sources" / f"{name}.yaml"
    if not path.is_file():
        known = names(project)
        near = difflib.get_close_matches(name, known, n=1)
        fix = f"did you mean '{near[0]}'?" if near else f"sources of this project: {', '.join(known) or 'none yet'}"
        raise UserError(f"there is no source '{name}'", Place.of(path), fix)
    return yamlfile.load(path, Contract)


def names(project: Project) -> list[str]:
    """Names of all contracts, sorted."""
    return sorted(path.stem for path in (project.sql / "_sources").glob("*.yaml"))
