"""The parts of a contract that say more about its format: CSV, compression, and what belongs to which format."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, Field, WithJsonSchema, field_validator, model_validator

from headrace_udfs.format_names import FORMAT_FACTS
from headrace_udfs.places import Model

CompressionName = Literal["gzip", "zlib", "zstd", "snappy", "lz4"]
"""How whole messages are compressed; zlib is what HTTP calls deflate."""


class CsvSpec(Model):
    """How the rows of CSV are written."""

    delimiter: Literal[",", ";", "\t", "|"] = ","
    """The sign between two cells."""
    columns: tuple[str, ...] | None = Field(default=None, min_length=1)
    """Names of the columns, if messages do not begin with a row that has them."""

    @field_validator("columns")
    @classmethod
    def _columns_differ(cls, columns: Sequence[str] | None) -> Sequence[str] | None:
        for name in columns or ():
            if not name or (columns or ()).count(name) > 1:
                raise ValueError(f"the column '{name}' is named twice" if name else "a column needs a name")
        return columns


class CompressionSpec(Model):
    """How messages are compressed: all of them in one way, or each as one of its headers says."""

    name: CompressionName | None = None
    """The compression of all messages."""
    header: str | None = Field(default=None, min_length=1)
    """Name of the header that names the compression of each message, usually content-encoding."""

    @model_validator(mode="after")
    def _is_one(self) -> CompressionSpec:
        if (self.name is None) == (self.header is None):
            raise ValueError("write compression: gzip, or compression: {header: content-encoding}")
        return self


def _compression(value: Any) -> Any:
    return {"name": value} if isinstance(value, str) else value


Compression = Annotated[
    CompressionSpec,
    BeforeValidator(_compression),
    WithJsonSchema(
        {
            "anyOf": [
                {"enum": list(get_args(CompressionName))},
                {
                    "type": "object",
                    "properties": {"header": {"type": "string", "minLength": 1}},
                    "required": ["header"],
                    "additionalProperties": False,
                },
            ]
        }
    ),
]
"""A field that reads the name of a compression, or the header that has it."""


def misplaced(key: str, format_: str) -> str | None:
    """Return why a contract of this format cannot have one of the keys that belong to certain formats, or None."""
    facts = FORMAT_FACTS.get(format_)
    if facts is None:
        return None
    if key == "csv" and format_ != "csv":
        return "only format: csv has this key"
    if key in ("schema", "message") and not facts.compiled:
        return f"only format: protobuf has this key{'; the registry has the schema' if facts.registered else ''}"
    if key == "envelope" and format_ == "json_array":
        return "with an envelope, rows: data[] says that the data is an array; write format: json"
    return None
