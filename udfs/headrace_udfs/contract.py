"""The contract of a topic: a frozen model of sql/_sources/<name>.yaml, which is pickled on its way to the workers.

docs/payloads.md describes the keys with examples. A message is read in three steps, and a key describes each:

1. `format` makes documents of its bytes: objects, arrays and values.
2. `rows` leads from a document to its rows; without it, a document is one row.
3. Each field, the time and the quality read a place: a path in the row, or something around it (`places.py`).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationError,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_validator,
)
from pydantic.json_schema import SkipJsonSchema
from pydantic_core import InitErrorDetails

from headrace_udfs import contract_changes, contract_checks, contract_dictionary, contract_privacy, contract_reach
from headrace_udfs.contract_changes import Changes
from headrace_udfs.contract_dictionary import Dictionary
from headrace_udfs.contract_format import Compression, CsvSpec, misplaced
from headrace_udfs.contract_parts import FieldSpec, QualitySpec, Severity, TimeSpec, Watermark
from headrace_udfs.contract_privacy import Handlings, Payloads, Secret
from headrace_udfs.contract_topics import TopicPattern, Topics
from headrace_udfs.faults import MARKERS, Code
from headrace_udfs.format_names import FORMAT_FACTS
from headrace_udfs.paths import MAX_PATH, JsonPath, JsonRowPath, Path, RowPath
from headrace_udfs.places import Model, Source, is_around
from headrace_udfs.types import QUALITY, TS, ContractType

__all__ = ["MAX_PATH", "Contract", "FieldSpec", "JsonPath", "Path", "QualitySpec", "Severity", "TimeSpec", "Watermark"]

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
    """Change the JSON Schema of contracts: one with a preset needs a topic alone, and may take a field away."""
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


class Contract(Model):
    """The contract of a topic: sql/_sources/<name>.yaml."""

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

    @field_validator("format")
    @classmethod
    def _known_format(cls, name: str) -> str:
        if name not in FORMAT_FACTS:
            raise ValueError(f"unknown format '{name}'; the formats are: {', '.join(FORMAT_FACTS)}")
        return name

    @field_validator("csv", "schema_file", "message", "envelope")
    @classmethod
    def _belongs_to_the_format(cls, value: Any, info: ValidationInfo) -> Any:
        key = "schema" if info.field_name == "schema_file" else str(info.field_name)
        fault = misplaced(key, info.data.get("format", ""))
        if fault and value is not None:
            raise ValueError(fault)
        return value

    @field_validator("schema_sha256")
    @classmethod
    def _is_not_written(cls, value: object) -> None:
        if value is not None:
            raise ValueError("the digest comes from the schema; leave it out")

    @field_validator("rows")
    @classmethod
    def _rows_are_said_once(cls, rows: RowPath | None, info: ValidationInfo) -> RowPath | None:
        if rows and info.data.get("format") == "json_array":
            raise ValueError("json_array already says that the rows are []; write format: json")
        return rows

    @field_validator("changes")
    @classmethod
    def _changes_fit(cls, changes: Changes | None, info: ValidationInfo) -> Changes | None:
        if changes is not None and "format" in info.data:
            format_, rows, envelope = (info.data.get(name) for name in ("format", "rows", "envelope"))
            cls._refuse(contract_changes.faults(changes, format_ or "", rows, envelope))
        return changes

    @field_validator("fields")
    @classmethod
    def _fields_fit(cls, fields: Mapping[str, FieldSpec], info: ValidationInfo) -> Mapping[str, FieldSpec]:
        cls._refuse(contract_checks.of_fields(fields, _depths(info), _topic(info)))
        if info.data.get("changes"):
            cls._refuse(contract_changes.of_fields(fields))
        return fields

    @field_validator("time")
    @classmethod
    def _time_fits(cls, time: TimeSpec, info: ValidationInfo) -> TimeSpec:
        depths, fields = _depths(info), info.data.get("fields", {})
        if info.data.get("changes"):  # the time is read in the message, and fields in the row
            depths, fields = contract_checks.Rows(None, is_array=False), {}
        cls._refuse(contract_checks.of_time(time, fields, depths, _topic(info)))
        return time

    @field_validator("quality")
    @classmethod
    def _quality_fits(cls, quality: QualitySpec | None, info: ValidationInfo) -> QualitySpec | None:
        if quality is not None:
            fields, time = info.data.get("fields", {}), None if info.data.get("changes") else info.data.get("time")
            cls._refuse(contract_checks.of_quality(quality, fields, time, _depths(info), _topic(info)))
        return quality

    @field_validator("keys")
    @classmethod
    def _keys_are_required(cls, keys: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        fields: Mapping[str, FieldSpec] = info.data.get("fields", {})
        for key in keys if fields else ():
            if key not in fields:
                raise ValueError(f"'{key}' is not a field; the fields are: {', '.join(fields)}")
            if not fields[key].required:
                raise ValueError(f"the key must be required: write {key}: {{type: {fields[key].type}, required: true}}")
            if keys.count(key) > 1:
                raise ValueError(f"the key has '{key}' twice")
        return keys

    @field_validator("dictionary")
    @classmethod
    def _dictionary_fits(cls, dictionary: Dictionary | None, info: ValidationInfo) -> Dictionary | None:
        fields, keys = info.data.get("fields"), info.data.get("keys")
        if dictionary is not None and fields and keys:
            if len(keys) > 1:
                raise ValueError("one name is learned; write key: as one field")
            if info.data.get("changes"):
                raise ValueError("a change has its key itself; leave the dictionary out")
            read = contract_checks.with_paths(fields)
            found = contract_dictionary.faults(dictionary, fields, read, keys[0], info.data.get("format", ""))
            cls._refuse([((), fault) for fault in found])
        return dictionary

    @model_validator(mode="after")
    def _schema_is_named(self) -> Contract:
        if FORMAT_FACTS[self.format].compiled and not (self.schema_file and self.message):
            need = "schema: (a .proto next to this file) and message: (the name of a message in it)"
            self._refuse([(("format",), f"{self.format} needs {need}")])
        return self

    @model_validator(mode="after")
    def _paths_lead_somewhere(self) -> Contract:
        columns = self.csv.columns if self.csv else None
        for name, source in self.sources.items():
            found = contract_reach.fault(source, self.format, self.rows or (), columns, self.envelope is not None)
            if found:
                self._refuse([(("fields", name) if name in self.fields else ("time" if name == TS else name,), found)])
        return self

    @model_validator(mode="after")
    def _what_is_told_can_be_read(self) -> Contract:
        try:
            _ = self.telling
        except ValidationError as error:
            what = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
            self._refuse([(("dictionary", "told"), what.replace("Value error, ", ""))])
        return self

    @model_validator(mode="after")
    def _masks_fit(self) -> Contract:
        if self.dictionary and (self.secrets or self.payload):
            what = "names that come with the stream cannot be masked; remove dictionary:, or secret: and payload:"
            self._refuse([(("dictionary",), what)])
        self._refuse([*contract_privacy.of_fields(self.fields, self.keys)])
        secret, ordered = self.time.secret, self.watermark is not None
        if secret and (why := contract_privacy.of_time(secret, self.fields, ordered=ordered)):
            self._refuse([(("time", "secret"), why)])
        return self

    @model_validator(mode="after")
    def _a_message_can_be_valid(self) -> Contract:
        if fault := contract_checks.of_length(self.max_bytes, self.fields, self.format):
            self._refuse([(("max_bytes",), fault)])
        return self

    @classmethod
    def _refuse(cls, faults: list[contract_checks.Located]) -> None:
        if faults:
            raise ValidationError.from_exception_data(cls.__name__, [_problem(*fault) for fault in faults])

    def with_schema(self, descriptors: bytes) -> Contract:
        """Return the contract with its compiled schema, a descriptor set, which is pickled with it."""
        compiled = self.model_copy(update={"schema_sha256": hashlib.sha256(descriptors).hexdigest()})
        compiled._descriptors = descriptors
        return compiled

    @property
    def descriptors(self) -> bytes | None:
        """The compiled schema, if the contract has one."""
        return self._descriptors

    @property
    def markers(self) -> tuple[Code, ...]:
        """The codes of what has no reading by design: changes without a row, and rows that say what ids stand for."""
        told = bool(self.dictionary and self.dictionary.told)
        return (*(MARKERS if self.changes else ()), *((Code.DEFINITION,) if told else ()))

    @property
    def telling(self) -> Contract | None:
        """The contract of the rows that only say what ids stand for, if the dictionary has such."""
        told = self.dictionary.told if self.dictionary else None
        if told is None:
            return None
        fields = {
            name: {**place.model_dump(by_alias=True, exclude_unset=True), **_of_told(self.fields[name])}
            for name, place in told.fields.items()
        }
        kept = self.model_dump(by_alias=True, exclude_unset=True, include=_OF_ANY_ROW)
        any_time = {"from": "record_time", "earliest": "1900-01-01T00:00:00Z", "latest": "36500d"}
        own = {"fields": fields, "time": any_time, "key": self.key, "rows": told.rows}
        return Contract.model_validate({**kept, **own})

    @property
    def topic(self) -> str:
        """The name of the topic; of several, the first; the pattern, if there is one."""
        return self.topics.pattern if isinstance(self.topics, TopicPattern) else self.topics[0]

    @property
    def topic_names(self) -> tuple[str, ...]:
        """The names of the topics, for people: a pattern is one name."""
        return (self.topic,) if isinstance(self.topics, TopicPattern) else self.topics

    @property
    def several(self) -> bool:
        """Whether the messages can be of more than one topic."""
        return isinstance(self.topics, TopicPattern) or len(self.topics) > 1

    @property
    def key(self) -> str:
        """The field that identifies what was measured, or the first of several."""
        return self.keys[0]

    @property
    def many(self) -> bool:
        """Whether a message can hold another number of readings than one."""
        return bool(self.dictionary and self.dictionary.told) or self.rows is not None or FORMAT_FACTS[self.format].many

    @property
    def registered(self) -> bool:
        """Whether messages name their schemas by ids of a schema registry."""
        return FORMAT_FACTS[self.format].registered

    @property
    def by_headers(self) -> bool:
        """Whether headers of a message say how to read it, other than by the fields."""
        return self.envelope is not None or bool(self.compression and self.compression.header)

    @property
    def flat(self) -> bool:
        """Whether each column is one value of one type at a path of keys in one object, or stands around messages."""
        return self.rows is None and all(map(_is_flat, self.sources.values()))

    @property
    def columns(self) -> dict[str, ContractType]:
        """The columns of a decoded reading and their types: the fields that are not dropped, `ts`, `quality`, and those
        of a change."""
        kept = {name: field.type for name, field in self.fields.items() if not (field.secret and field.secret.drop)}
        return {**kept, TS: "timestamp", QUALITY: "long", **self.change_columns}

    @property
    def secrets(self) -> dict[str, Secret]:
        """The masks of columns, by name."""
        masks = {**{name: field.secret for name, field in self.fields.items()}, TS: self.time.secret}
        return {name: secret for name, secret in masks.items() if secret is not None}

    @property
    def payloads(self) -> Handlings:
        """What becomes of the payloads of dead letters and of late readings."""
        return contract_privacy.handlings(self.payload, masked=bool(self.secrets))

    @property
    def withholds(self) -> bool:
        """Whether messages of dead letters quote nothing of the payload."""
        return bool(self.secrets) or self.payloads.dead_letters != "keep"

    @property
    def key_names(self) -> list[str]:
        """The names of the keys that workers need to mask values and to encrypt payloads."""
        named = [*(secret.key for secret in self.secrets.values()), self.payload and self.payload.key]
        return sorted({name for name in named if name})

    @property
    def change_columns(self) -> Mapping[str, ContractType]:
        """The columns of a change that a reading does not have."""
        return contract_changes.COLUMNS if self.changes else {}

    @property
    def learned_type(self) -> str | None:
        """The learned field that has the types of Sparkplug's whole numbers, if the contract has one."""
        return contract_dictionary.learned_type(self.dictionary, self.sources, self.format)

    @property
    def typed_columns(self) -> list[str]:
        """The fields that take whole numbers whose type is learned."""
        return contract_dictionary.typed_columns(self.fields, self.sources) if self.learned_type else []

    @property
    def sources(self) -> dict[str, Source]:
        """Where each column is read, in the columns' order; without `quality` if the contract has none."""
        quality = {QUALITY: self.quality} if self.quality else {}
        return {**contract_checks.with_paths(self.fields), TS: self.time, **quality}

    @property
    def paths(self) -> dict[str, Path]:
        """The path of each column that is read at one path and nowhere else."""
        return {
            name: source.path for name, source in self.sources.items() if source.is_path and source.path is not None
        }


_OF_ANY_ROW = {"description", "topics", "format", "envelope", "compression", "csv", "max_bytes"}
"""What a contract says of a message whatever its rows are."""


def _of_told(field: FieldSpec) -> dict[str, Any]:
    """Return what holds for a field in rows that only say what ids stand for: its type, and that it is required."""
    types = {"types": field.types} if field.types else {}
    return {"type": field.type, "required": True, **types}


def _is_flat(source: Source) -> bool:
    if is_around(source):
        return True
    if not source.is_path or not source.path or not all(isinstance(step, str) for step in source.path):
        return False
    if isinstance(source, FieldSpec):
        return not source.types
    if isinstance(source, TimeSpec):
        return not (source.types or source.format or source.zone or source.nanos)
    return not (isinstance(source, QualitySpec) and source.mapping == "pi")


def _topic(info: ValidationInfo) -> str | None:
    """Return the one topic, whose name then has the parts that are read; None if there may be several."""
    topics = info.data.get("topics")
    return topics[0] if isinstance(topics, tuple) and len(topics) == 1 else None


def _depths(info: ValidationInfo) -> contract_checks.Rows:
    # A change is read as if its message held one row: ^. leaves the row for the message.
    around = info.data.get("format") == "json_array" or info.data.get("changes") is not None
    return contract_checks.Rows(info.data.get("rows"), around)


def _problem(location: tuple[str, ...], what: str) -> InitErrorDetails:
    return InitErrorDetails(type="value_error", loc=location, input=None, ctx={"error": ValueError(what)})
