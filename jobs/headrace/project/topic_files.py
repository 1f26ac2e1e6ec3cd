"""Topics that jobs write: sql/_topics/<name>.yaml describes what a consumer can rely on."""

from __future__ import annotations

from pydantic import Field, ValidationInfo, field_validator

from headrace.errors import Place, UserError, unknown
from headrace.project import yaml_file
from headrace.project.paths import Project
from headrace.project.table import Column, ColumnName
from headrace_udfs.durations import Duration


class Topic(yaml_file.Model, use_attribute_docstrings=True):
    """A topic of JSON objects with a JSON object as key; times are ISO-8601 in UTC."""

    description: str
    """What the topic holds, in a sentence."""
    owner: str | None = None
    """The person or team responsible for it."""
    topic: str = Field(min_length=1)
    """Name of the Kafka topic."""
    key: list[str] = Field(min_length=1)
    """The columns of a message's key."""
    columns: dict[ColumnName, Column] = Field(min_length=1)
    """The columns by name, in their order."""
    partitions: int = Field(default=1, ge=1)
    """How many partitions it gets if it has to be created."""
    retention: Duration | None = None
    """How long it keeps a message if it has to be created, like 7d; by default as long as the broker is set to."""
    compacted: bool | None = None
    """Whether it keeps the last message of each key if it has to be created; with retention:, only for so long."""

    @field_validator("columns")
    @classmethod
    def _key_is_of_columns(cls, columns: dict[str, Column], info: ValidationInfo) -> dict[str, Column]:
        absent = [name for name in info.data.get("key", []) if name not in columns]
        if absent:
            raise ValueError(f"the key names {', '.join(absent)}; the columns are {', '.join(columns)}")
        return columns


def load(project: Project, name: str) -> Topic:
    """Return the topic file `name`. Raises UserError with every fault of the file, each at its line."""
    path = project.sql / "_topics" / f"{name}.yaml"
    if not path.is_file():
        raise UserError([unknown("topic", name, names(project), Place.of(path))])
    return yaml_file.load(path, Topic)


def names(project: Project) -> list[str]:
    """Return the names of all topic files, sorted."""
    return sorted(path.stem for path in (project.sql / "_topics").glob("*.yaml"))
