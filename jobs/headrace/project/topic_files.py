"""Topics that jobs write: sql/_topics/<name>.yaml describes what a consumer can rely on."""

from __future__ import annotations

from pydantic import Field, ValidationInfo, field_validator
from pyiceberg.types import BinaryType, TimestamptzType

from headrace.errors import Place, UserError, unknown
from headrace.project import yaml_file
from headrace.project.paths import Project
from headrace.project.table import Column, ColumnName
from headrace_udfs.durations import Duration

HEADERS = "headers"
"""The column of Flink's table that has the headers."""


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
    headers: list[str] = []
    """Columns that a consumer gets as headers of a message, as text, and not in its value; null has no header."""
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

    @field_validator("headers")
    @classmethod
    def _headers_are_of_columns(cls, headers: list[str], info: ValidationInfo) -> list[str]:
        columns = info.data.get("columns")
        if columns is None:
            return headers
        if absent := [name for name in headers if name not in columns]:
            raise ValueError(f"headers names {', '.join(absent)}; the columns are {', '.join(columns)}")
        if keyed := [name for name in headers if name in info.data.get("key", [])]:
            raise ValueError(f"{', '.join(keyed)} is in the key, which consumers have anyway; remove it from headers")
        if unfit := [name for name in headers if isinstance(columns[name].type, TimestamptzType | BinaryType)]:
            raise ValueError(f"{unfit[0]} is a {columns[unfit[0]].type}, and a header is a text; leave it in the value")
        if len(headers) == len(columns) - len(info.data.get("key", [])):
            raise ValueError("a message would have no value; leave one column that is neither in the key nor a header")
        if HEADERS in columns and headers:
            raise ValueError(f"with headers, no column can be called {HEADERS}; give it another name")
        return headers


def load(project: Project, name: str) -> Topic:
    """Return the topic file `name`. Raises UserError with every fault of the file, each at its line."""
    path = project.sql / "_topics" / f"{name}.yaml"
    if not path.is_file():
        raise UserError([unknown("topic", name, names(project), Place.of(path))])
    return yaml_file.load(path, Topic)


def names(project: Project) -> list[str]:
    """Return the names of all topic files, sorted."""
    return sorted(path.stem for path in (project.sql / "_topics").glob("*.yaml"))
