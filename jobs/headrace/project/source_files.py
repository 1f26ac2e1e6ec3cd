"""Source contracts of a project: sql/_sources/<name>.yaml."""

from __future__ import annotations

from headrace.errors import Place, Problem, UserError, unknown
from headrace.project import yaml_file
from headrace.project.paths import Project
from headrace_udfs.contract import Contract


def load(project: Project, name: str) -> Contract:
    """The contract `name`. Raises UserError with all that is wrong in its file, each thing at its line."""
    path = project.sql / "_sources" / f"{name}.yaml"
    if not path.is_file():
        raise UserError([unknown("source", name, names(project), Place.of(path))])
    return yaml_file.load(path, Contract)


def no_event_time(name: str, made: Contract) -> Problem | None:
    """Why no window can be made of the source's readings, or None where one can."""
    if made.watermark is None:
        fix = f"add watermark: {{lateness: 10s}} to sql/_sources/{name}.yaml"
        return Problem(f"the source '{name}' does not say how late a reading may come", fix=fix)
    if made.many:
        fix = "read the table of a job that keeps them, or have the gateway send a message a reading"
        return Problem(f"the messages of '{name}' hold many readings each, of which Flink takes no event time", fix=fix)
    return None


def names(project: Project) -> list[str]:
    """Names of all contracts, sorted."""
    return sorted(path.stem for path in (project.sql / "_sources").glob("*.yaml"))
