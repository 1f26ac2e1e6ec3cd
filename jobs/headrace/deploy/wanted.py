"""The jobs that should run in an environment."""

from __future__ import annotations

from fnmatch import fnmatchcase

from headrace import jobfolder
from headrace.errors import Problem, UserError
from headrace.project import Project
from headrace.settings import Settings


def wanted(project: Project, settings: Settings) -> list[str]:
    """The jobs that `deploy:` of the environment names. Raises UserError for a name or pattern of none."""
    names = jobfolder.names(project)
    fix = f"jobs of this project: {', '.join(names) or 'none yet'}"
    asked = [("deploy", each) for each in settings.deploy] + [("slots", each) for each in settings.slots]
    problems = [
        Problem(f"no job is called '{pattern}'", f"{key}: of the environment", fix)
        for key, pattern in asked
        if pattern != "*" and not any(fnmatchcase(name, pattern) for name in names)
    ]
    if problems:
        raise UserError(problems)
    return [name for name in names if any(fnmatchcase(name, pattern) for pattern in settings.deploy)]
