"""The contract of a topic: a frozen model of sql/_sources/<name>.yaml, which is pickled on its way to the workers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
)
from pydantic_core import InitErrorDetails

from headrace_udfs.durations import Duration
from headrace_udfs.format_names import FORMAT_FACTS
from headrace_udfs.instants import Instant
from headrace_udfs.types import QUALITY, TS, ContractType

MAX_PATH = 32
"""The most keys that a path can have."""

_COLUMN = re.compile(r"[a-z][a-z0-9_]*")
_RESERVED = re.compile(r"ts|event_time|quality|payload|(src|err)_.*")

LONGEST_MESSAGE = 2**24
"""The largest max_bytes of a contract: Kafka's client cuts longer values (BoundedRecords in jobs/java)."""

Path = tuple[str, ...]
"""The keys that lead to a value in a payload, from the outermost."""


def _path(value: object) -> object:
    keys = value.split(".") if isinstance(value, str) else value
    if not isinstance(keys, list | tuple) or not keys or not all(isinstance(key, str) and key for key in keys):
        raise ValueError("a path is keys joined by dots, like meta.tag, or a list of keys")
    if any(re.search(r'["\\\x00-\x1f]', key) for key in keys):
        raise ValueError("a key of a path cannot contain a quotation mark, a backslash or a control character")
    if len(keys) > MAX_PATH:
        raise ValueError(f"a path has {len(keys)} keys; at most {MAX_PATH} are allowed")
    return tuple(keys)


def _column_name(name: str) -> str:
    if not _COLUMN.fullmatch(name):
        raise ValueError("a field's name must be lower case letters, digits and _, and start with a letter")
    if _RESERVED.fullmatch(name):
        raise ValueError(f"'{name}' is the name of a built-in column; give the field another name and a path:")
    return name


_KEY = r'[^."\\\x00-\x1f]+'
JsonPath = Annotated[
    Path,
    BeforeValidator(_path),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": rf"^{_KEY}(\.{_KEY}){{0,{MAX_PATH - 1}}}$"},
                {
                    "type": "array",
                    "items": {"type": "string", "pattern": r'^[^"\\\x00-\x1f]+$'},
                    "minItems": 1,
                    "maxItems": MAX_PATH,
                },
            ]
        }
    ),
]
"""A field that reads a path: keys joined by dots, or a list of keys."""

ColumnName = Annotated[
    str,
    AfterValidator(_column_name),
    WithJsonSchema({"type": "string", "pattern": f"^(?!({_RESERVED.pattern})$){_COLUMN.pattern}$"}),
]
"""A field that reads the name of a column; the names of built-in columns are refused."""

Format = Annotated[str, WithJsonSchema({"enum": list(FORMAT_FACTS)})]
"""A field that reads the name of a format."""

Range = Annotated[
    tuple[int | float | None, int | float | None],
    WithJsonSchema({"type": "array", "items": {"type": ["number", "null"]}, "minItems": 2, "maxItems": 2}),
]
"""A field that reads the lowest and the highest value; either may be null."""


class Model(BaseModel):
    """Base of the contract's parts: immutable, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class FieldSpec(Model):
    """A value in the payload that becomes a column."""

    path: JsonPath | None = None
    """Keys of the value in the payload, joined by dots or as a list; by default the field's name."""
    type: ContractType
    """Type of the value; a message with another type becomes a dead letter."""
    required: bool = False
    """Whether a message without the field becomes a dead letter."""
    unit: str | None = None
    """Unit of the value, like degC; 1 for a ratio."""
    range: Range | None = None
    """Lowest and highest valid value; null leaves a side open."""
    description: str | None = None
    """Meaning of the field, in words."""

    @field_validator("range")
    @classmethod
    def _range_fits(cls, value: tuple[Any, Any] | None, info: ValidationInfo) -> tuple[Any, Any] | None:
        kind = info.data.get("type")
        if value is None or kind is None:
            return value
        if kind not in ("double", "long"):
            raise ValueError(f"a {kind} cannot have a range")
        if kind == "long" and any(isinstance(bound, float) for bound in value):
            raise ValueError("the range of a long must be whole numbers")
        low, high = value
        if low is None and high is None:
            raise ValueError("a range of two nulls has no effect; leave it out")
        if low is not None and high is not None and low > high:
            raise ValueError(f"the range is inverted: {low} is above {high}")
        return value


class TimeSpec(Model):
    """The time at which a reading was taken."""

    path: JsonPath
    """Keys of the time in the payload."""
    unit: Literal["epoch_s", "epoch_ms", "epoch_us", "epoch_ns", "iso8601"]
    """How the source writes the time; iso8601 is a text with a time zone."""
    earliest: Instant = datetime(2000, 1, 1, tzinfo=UTC)
    """The earliest valid time."""
    latest: Duration = timedelta(minutes=10)
    """How far a time may be ahead of the worker's clock."""


Severity = Literal["good", "uncertain", "bad"]
"""The severities of OPC UA."""


class QualitySpec(Model):
    """How reliable a reading is."""

    path: JsonPath
    """Keys of the quality in the payload."""
    mapping: Literal["opcua", "opcda", "names"]
    """How the source writes qualities: OPC UA StatusCodes, OPC DA codes (192 is good), or words."""
    names: Mapping[str, Severity] = Field(default={}, validate_default=True)
    """Severity of each word if the mapping is names; case is ignored."""
    missing: Severity = "uncertain"
    """Quality of a reading whose message has none."""

    @field_validator("names")
    @classmethod
    def _names_are_used(cls, names: Mapping[str, Severity], info: ValidationInfo) -> dict[str, Severity]:
        if names and info.data.get("mapping") not in ("names", None):
            raise ValueError("names: is allowed only with mapping: names")
        folded = {name.casefold(): severity for name, severity in names.items()}
        if len(folded) < len(names):
            raise ValueError("two names differ only in case, and case is ignored")
        return folded


class Watermark(Model):
    """How late a reading may arrive and still count in its window."""

    lateness: Duration
    """How far a reading may be behind the latest one and still count in its window."""


class Contract(Model):
    """The contract of a topic: sql/_sources/<name>.yaml."""

    description: str
    """What the topic contains, in one sentence."""
    owner: str | None = None
    """The person or team responsible for the topic."""
    topic: str = Field(min_length=1)
    """Name of the Kafka topic."""
    format: Format = "json"
    """How a message is encoded: one JSON object, an array of them, or Avro with its schema in a schema registry."""
    max_bytes: int = Field(default=2**20, ge=1, le=LONGEST_MESSAGE)
    """Length of the longest valid message, in bytes."""
    fields: Mapping[ColumnName, FieldSpec] = Field(min_length=1)
    """The columns, by name; `ts` and `quality` come from time: and quality:."""
    time: TimeSpec
    quality: QualitySpec | None = None
    key: str
    """The field that identifies what was measured, usually the tag."""
    watermark: Watermark | None = None

    @field_validator("format")
    @classmethod
    def _known_format(cls, name: str) -> str:
        if name not in FORMAT_FACTS:
            raise ValueError(f"unknown format '{name}'; the formats are: {', '.join(FORMAT_FACTS)}")
        return name

    @field_validator("fields")
    @classmethod
    def _fields_have_distinct_paths(cls, fields: Mapping[str, FieldSpec]) -> Mapping[str, FieldSpec]:
        problems = []
        seen: dict[str, Path] = {}
        for name, field in fields.items():
            path = field.path or (name,)
            if clash := _clash(path, seen):
                problems.append(_problem((name, "path") if field.path else (name,), clash))
            seen[name] = path
        if problems:
            raise ValidationError.from_exception_data(cls.__name__, problems)
        return fields

    @field_validator("time")
    @classmethod
    def _time_has_its_own_path(cls, time: TimeSpec, info: ValidationInfo) -> TimeSpec:
        if clash := _clash(time.path, _field_paths(info.data.get("fields", {}))):
            raise ValidationError.from_exception_data(cls.__name__, [_problem(("path",), clash)])
        return time

    @field_validator("quality")
    @classmethod
    def _quality_has_its_own_path(cls, quality: QualitySpec | None, info: ValidationInfo) -> QualitySpec | None:
        if quality is None:
            return None
        taken = _field_paths(info.data.get("fields", {}))
        if time := info.data.get("time"):
            taken[TS] = time.path
        if clash := _clash(quality.path, taken):
            raise ValidationError.from_exception_data(cls.__name__, [_problem(("path",), clash)])
        return quality

    @field_validator("key")
    @classmethod
    def _key_is_a_required_string(cls, key: str, info: ValidationInfo) -> str:
        fields = info.data.get("fields")
        if fields is None:
            return key
        if key not in fields:
            raise ValueError(f"'{key}' is not a field; the fields are: {', '.join(fields)}")
        if fields[key].type != "string" or not fields[key].required:
            raise ValueError(f"the key must be a required string: write {key}: {{type: string, required: true}}")
        return key

    @property
    def many(self) -> bool:
        """Whether a message holds many readings."""
        return FORMAT_FACTS[self.format].many

    @property
    def registered(self) -> bool:
        """Whether messages name their schemas by ids of a schema registry."""
        return FORMAT_FACTS[self.format].registered

    @property
    def columns(self) -> dict[str, ContractType]:
        """The columns of a decoded reading and their types: the fields, then `ts` and `quality`."""
        return {**{name: field.type for name, field in self.fields.items()}, TS: "timestamp", QUALITY: "long"}

    @property
    def paths(self) -> dict[str, Path]:
        """The path of each column in the payload; without `quality` if the contract has none."""
        quality = {QUALITY: self.quality.path} if self.quality else {}
        return {**_field_paths(self.fields), TS: self.time.path, **quality}


def _field_paths(fields: Mapping[str, FieldSpec]) -> dict[str, Path]:
    return {name: field.path or (name,) for name, field in fields.items()}


def _problem(location: tuple[str, ...], what: str) -> InitErrorDetails:
    return InitErrorDetails(type="value_error", loc=location, input=None, ctx={"error": ValueError(what)})


def _clash(path: Path, taken: Mapping[str, Path]) -> str | None:
    """Return why no payload can have a value at `path` together with those in `taken`, or None."""
    for name, other in taken.items():
        shorter = min(len(path), len(other))
        if path[:shorter] == other[:shorter]:
            if len(path) == len(other):
                return f"'{'.'.join(path)}' is already read as '{name}'"
            inner, outer = (path, other) if len(path) > len(other) else (other, path)
            return f"'{'.'.join(outer)}' cannot be both a value and the object around '{'.'.join(inner)}'"
    return None
