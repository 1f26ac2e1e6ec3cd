"""The keys of a contract, sql/_sources/<name>.yaml, as people write them. `contract.py` says which go together."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, PrivateAttr, WithJsonSchema
from pydantic.json_schema import SkipJsonSchema

from headrace_udfs.contract_changes import Changes
from headrace_udfs.contract_dictionary import Dictionary
from headrace_udfs.contract_format import Compression, CsvSpec
from headrace_udfs.contract_parts import FieldSpec, QualitySpec
from headrace_udfs.contract_privacy import Payloads
from headrace_udfs.contract_time import TimeSpec, Watermark
from headrace_udfs.contract_topics import Topics
from headrace_udfs.format_names import FORMAT_FACTS
from headrace_udfs.paths import JsonRowPath
from headrace_udfs.places import Model

_COLUMN = re.compile(r"[a-z][a-z0-9_]*")
_RESERVED = re.compile(r"ts|event_time|quality|payload|(src|err)_.*")

LONGEST_MESSAGE = 2**24
"""The largest max_bytes of a contract: Kafka's client cuts longer values (BoundedRecords in jobs/java)."""


def _column_name(name: str) -> str:
    if not _COLUMN.fullmatch(name):
        raise ValueError("a field's name must be lower case letters, digits and _, and start with a letter")
    if _RESERVED.fullmatch(name):
        raise ValueError(f"'{name}' is the name of a built-in column; give the field another name and a path:")
    return name


ColumnName = Annotated[
    str,
    AfterValidator(_column_name),
    WithJsonSchema({"type": "string", "pattern": f"^(?!({_RESERVED.pattern})$){_COLUMN.pattern}$"}),
]
"""A field that reads the name of a column; the names of built-in columns are refused."""

Format = Annotated[str, WithJsonSchema({"enum": list(FORMAT_FACTS)})]
"""A field that reads the name of a format."""


def _with_preset(schema: dict[str, Any]) -> None:
    """Change the JSON Schema of contracts: with a preset, only the topic is required, and a field can be removed."""
    needed = schema.pop("required")
    schema["if"] = {"required": ["preset"]}
    schema["then"], schema["else"] = {"required": ["topic"]}, {"required": needed}
    fields = schema["properties"]["fields"]
    fields.pop("minProperties")
    patterns = fields.get("patternProperties", {})  # the schema's generator may have given these other keys
    for holder, key in [(patterns, each) for each in patterns] or [(fields, "additionalProperties")]:
        holder[key] = {"anyOf": [holder[key], {"type": "null"}]}


def _one_or_more(value: object) -> object:
    return (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list) else value


_KEY_SCHEMA: dict[str, Any] = {
    "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]
}


class ContractKeys(Model):
    """What a contract may say."""

    model_config = ConfigDict(json_schema_extra=_with_preset)

    preset: str | None = None
    """The product that sends the messages, like kepware: it has the keys that this file leaves out."""
    description: str
    """What the topic contains, in one sentence."""
    owner: str | None = None
    """The person or team responsible for the topic."""
    topics: Topics = Field(alias="topic")
    """Name of the Kafka topic, a list of names, or {pattern: ...} for all whose names match a regular expression."""
    format: Format = "json"
    """How a message is encoded, like json, csv, protobuf or avro; docs/payloads.md describes each."""
    envelope: Literal["cloudevents"] | None = None
    """What is around the format: with cloudevents, a message is an event, and `format` that of its data."""
    compression: Compression | None = None
    """How messages are compressed: gzip, zlib, zstd, snappy or lz4, or {header: content-encoding}."""
    csv: CsvSpec | None = None
    """How the rows of CSV are written, if not with commas and a header."""
    schema_file: str | None = Field(default=None, alias="schema", min_length=1)
    """File of the messages' schema, relative to this one: a .proto, or a descriptor set."""
    message: str | None = Field(default=None, min_length=1)
    """Name of the message type in the schema."""
    schema_sha256: SkipJsonSchema[str | None] = None
    """Digest of the compiled schema, which `with_schema` sets."""
    _descriptors: bytes | None = PrivateAttr(default=None)
    max_bytes: int = Field(default=2**20, ge=1, le=LONGEST_MESSAGE)
    """Length of the longest valid message, in bytes."""
    rows: JsonRowPath | None = None
    """Path from the message to its rows: metrics[] for each element of an array, values.* for every member of an
    object, {temperature,pressure} for these members; by default, a message is one row."""
    no_rows: Literal["dead_letter", "mark"] = "dead_letter"
    """What becomes of a message without rows, like metadata: a dead letter, or a mark in historian.markers."""
    changes: Changes | None = None
    """How the messages describe changes of the rows of a table, like {envelope: debezium, order: source.lsn}; the paths
    of fields then begin in the row, and those of the time and the order in the message."""
    fields: Mapping[ColumnName, FieldSpec] = Field(min_length=1)
    """The columns, by name; `ts` and `quality` come from time: and quality:."""
    time: TimeSpec
    quality: QualitySpec | None = None
    keys: Annotated[tuple[str, ...], BeforeValidator(_one_or_more), WithJsonSchema(_KEY_SCHEMA)] = Field(
        alias="key", min_length=1
    )
    """The field that identifies what was measured, usually the tag, or a list of fields."""
    watermark: Watermark | None = None
    dictionary: Dictionary | None = None
    """Fields that some messages leave out, because earlier ones told them by an id, like Sparkplug's births."""
    payload: Payloads | None = None
    """What becomes of the payloads of dead letters and late readings: keep, encrypt or omit."""
