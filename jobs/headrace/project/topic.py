"""A file of sql/_topics/ as a model: a topic that jobs write, and what its consumers can rely on."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator
from pyiceberg.types import BinaryType, TimestamptzType

from headrace.project import yaml_file
from headrace.project.table import Column, ColumnName
from headrace_udfs.durations import Duration
from headrace_udfs.formats.write_avro import is_name

HEADERS = "headers"
"""The column of Flink's table that has the headers."""


class Topic(yaml_file.Model, use_attribute_docstrings=True):
    """A topic of messages with a JSON object as key. In JSON, times are ISO-8601 in UTC."""

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
    format: Literal["json", "avro", "protobuf"] = "json"
    """How values are written; avro and protobuf with a schema of the environment's registry."""
    schema_file: str | None = Field(default=None, alias="schema", min_length=1)
    """With protobuf: the .proto file, relative to this folder, whose message has a field for each column."""
    message: str | None = Field(default=None, min_length=1)
    """With protobuf, the message's name in the schema; with avro, the record's, by default that of the topic."""
    subject: str | None = Field(default=None, min_length=1)
    """The subject of the schema in the registry; by default <topic>-value."""
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

    @model_validator(mode="after")
    def _is_of_the_format(self) -> Self:
        if self.format != "protobuf" and self.schema_file:
            raise ValueError(f"schema: is for format: protobuf, and the format is {self.format}; remove it")
        if self.format == "protobuf" and not (self.schema_file and self.message):
            need = "schema: (a .proto next to this file) and message: (the name of a message in it)"
            raise ValueError(f"format: protobuf has no schema; add {need}")
        if self.format == "json" and (self.message or self.subject):
            key = "message" if self.message else "subject"
            raise ValueError(f"{key}: is of a schema, and JSON is written without one; remove it, or add format: avro")
        if self.format == "avro" and self.message and not is_name(self.message):
            raise ValueError(f"'{self.message}' is not a valid name of an Avro record; write one like plant.FrostAlert")
        return self

    @property
    def value_columns(self) -> dict[str, Column]:
        """The columns of a message's value."""
        return {name: column for name, column in self.columns.items() if name not in self.headers}
