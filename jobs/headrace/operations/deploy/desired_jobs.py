"""The jobs that should run in an environment."""

from __future__ import annotations

from fnmatch import fnmatchcase

from headrace.environment.settings import Settings
from headrace.errors import UserError, unknown
from headrace.project import job_folder
from headrace.project.paths import Project


def desired_jobs(project: Project, settings: Settings) -> list[str]:
    """The jobs that `deploy:` of the environment names. Raises UserError for a name or pattern of none."""
    names = job_folder.names(project)
    asked = [("deploy", each) for each in settings.deploy] + [("slots", each) for each in settings.slots]
    problems = [
        unknown("job", pattern, names, f"{key}: of the environment")
        for key, pattern in asked
        if pattern != "*" and not any(fnmatchcase(name, pattern) for name in names)
    ]
    if problems:
        raise UserError(problems)
    return [name for name in names if any(fnmatchcase(name, pattern) for pattern in settings.deploy)]
