"""Topics that jobs write, by the names of their files: sql/_topics/<name>.yaml."""

from __future__ import annotations

from pathlib import Path

from headrace.errors import Place, UserError, unknown
from headrace.project import topic_schemas, yaml_file
from headrace.project.paths import Project
from headrace.project.topic import Topic
from headrace_udfs.encoding import Encoding


def load(project: Project, name: str) -> Topic:
    """Return the topic file `name`. Raises UserError with every fault of the file and its schema, each at its line."""
    topic = _read(project, name)
    topic_schemas.encoding(topic, path(project, name))
    return topic


def encoding(project: Project, name: str) -> Encoding | None:
    """Return how the topic's values are written; None for JSON. Raises UserError as `load` does."""
    return topic_schemas.encoding(_read(project, name), path(project, name))


def path(project: Project, name: str) -> Path:
    """Return the path of a topic's file."""
    return project.sql / "_topics" / f"{name}.yaml"


def names(project: Project) -> list[str]:
    """Return the names of all topic files, sorted."""
    return sorted(each.stem for each in (project.sql / "_topics").glob("*.yaml"))


def _read(project: Project, name: str) -> Topic:
    file = path(project, name)
    if not file.is_file():
        raise UserError([unknown("topic", name, names(project), Place.of(file))])
    return yaml_file.load(file, Topic)
