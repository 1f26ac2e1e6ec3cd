"""What a topic's messages hold: one YAML file a topic, read here into a frozen model that travels to the workers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
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
from headrace_udfs.types import QUALITY, TS, ContractType

MAX_PATH = 32

_COLUMN = re.compile(r"[a-z][a-z0-9_]*")
_RESERVED = re.compile(r"ts|event_time|quality|payload|(src|err)_.*")

Path = tuple[str, ...]


def _path(value: object) -> object:
    steps = value.split(".") if isinstance(value, str) else value
    if not isinstance(steps, list | tuple) or not steps or not all(isinstance(s, str) and s for s in steps):
        raise ValueError("a path is keys with dots between them, like meta.tag, or a list of keys")
    if any(re.search(r'["\\\x00-\x1f]', step) for step in steps):
        raise ValueError("a key of a path holds no quotation mark, backslash or control character")
    if len(steps) > MAX_PATH:
        raise ValueError(f"a path of {len(steps)} keys; at most {MAX_PATH} are read")
    return tuple(steps)


def _column_name(name: str) -> str:
    if not _COLUMN.fullmatch(name):
        raise ValueError("a field's name is lower case letters, digits and _, and starts with a letter")
    if _RESERVED.fullmatch(name):
        raise ValueError(f"'{name}' is a column of the line's own; give the field another name and a path:")
    return name


_STEP = r'[^."\\\x00-\x1f]+'
JsonPath = Annotated[
    Path,
    BeforeValidator(_path),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": rf"^{_STEP}(\.{_STEP}){{0,{MAX_PATH - 1}}}$"},
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
ColumnName = Annotated[
    str,
    AfterValidator(_column_name),
    WithJsonSchema({"type": "string", "pattern": f"^(?!({_RESERVED.pattern})$){_COLUMN.pattern}$"}),
]
Format = Annotated[str, WithJsonSchema({"enum": list(FORMAT_FACTS)})]
Range = Annotated[
    tuple[int | float | None, int | float | None],
    WithJsonSchema({"type": "array", "items": {"type": ["number", "null"]}, "minItems": 2, "maxItems": 2}),
]


class Model(BaseModel):
    """Base of the contract's parts: immutable, and a key it does not know is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class FieldSpec(Model):
    """A value of the payload that becomes a column."""

    path: JsonPath | None = None
    """Keys to the value in the payload, with dots between or as a list; by default the field's name."""
    type: ContractType
    """What the value is; one of another type sends the message to the dead letters."""
    required: bool = False
    """Whether a message without it is refused."""
    unit: str | None = None
    """Unit of the values, like degC; 1 for a ratio."""
    range: Range | None = None
    """Lowest and highest value that is taken; null leaves a side open."""
    description: str | None = None
    """What it is, in words."""

    @field_validator("range")
    @classmethod
    def _range_fits(cls, value: tuple[Any, Any] | None, info: ValidationInfo) -> tuple[Any, Any] | None:
        kind = info.data.get("type")
        if value is None or kind is None:
            return value
        if kind not in ("double", "long"):
            raise ValueError(f"a {kind} has no range")
        if kind == "long" and any(isinstance(bound, float) for bound in value):
            raise ValueError("the range of a long is of whole numbers")
        low, high = value
        if low is None and high is None:
            raise ValueError("a range of two nulls bounds nothing; leave it out")
        if low is not None and high is not None and low > high:
            raise ValueError(f"the range is inverted: {low} is above {high}")
        return value


class TimeSpec(Model):
    """When a reading was taken."""

    path: JsonPath
    """Keys to the time in the payload."""
    unit: Literal["epoch_s", "epoch_ms", "epoch_us", "epoch_ns", "iso8601"]
    """How the source sends it; iso8601 is a text with a zone."""
    earliest: AwareDatetime = datetime(2000, 1, 1, tzinfo=UTC)
    """The first time that is believed."""
    latest: Duration = timedelta(minutes=10)
    """How far ahead of the worker's clock a time may be."""


Severity = Literal["good", "uncertain", "bad"]


class QualitySpec(Model):
    """How far a reading is to be trusted."""

    path: JsonPath
    """Keys to the quality in the payload."""
    mapping: Literal["opcua", "opcda", "names"]
    """What the source speaks: OPC UA StatusCodes, OPC DA codes (192 is good), or words."""
    names: Mapping[str, Severity] = Field(default={}, validate_default=True)
    """What each word means, where the mapping is names; upper and lower case are the same."""
    missing: Severity = "uncertain"
    """The quality of a reading that says nothing of it."""

    @field_validator("names")
    @classmethod
    def _names_are_used(cls, names: Mapping[str, Severity], info: ValidationInfo) -> dict[str, Severity]:
        if names and info.data.get("mapping") not in ("names", None):
            raise ValueError("names go with mapping: names")
        folded = {name.casefold(): severity for name, severity in names.items()}
        if len(folded) < len(names):
            raise ValueError("two names differ only in case, which does not count")
        return folded


class Watermark(Model):
    """How late a reading may come and still count in its window."""

    lateness: Duration
    """How far a reading may come behind the latest one and still count in its window."""


class Contract(Model):
    """A topic's contract: sql/_sources/<name>.yaml."""

    description: str
    """What the topic holds, in a sentence."""
    owner: str | None = None
    """Who answers for it."""
    topic: str = Field(min_length=1)
    """Name of the Kafka topic."""
    format: Format = "json"
    """How a message is written: one JSON object, an array of them, or Avro with its schema in a schema registry."""
    max_bytes: int = Field(default=2**20, ge=1)
    """Longest message that is read."""
    fields: Mapping[ColumnName, FieldSpec] = Field(min_length=1)
    """The columns, by name; `ts` and `quality` come from time: and quality:."""
    time: TimeSpec
    quality: QualitySpec | None = None
    key: str
    """The field that says what was measured, as a rule the tag."""
    watermark: Watermark | None = None

    @field_validator("format")
    @classmethod
    def _known_format(cls, name: str) -> str:
        if name not in FORMAT_FACTS:
            raise ValueError(f"no format is called '{name}'; there are: {', '.join(FORMAT_FACTS)}")
        return name

    @field_validator("fields")
    @classmethod
    def _fields_stand_apart(cls, fields: Mapping[str, FieldSpec]) -> Mapping[str, FieldSpec]:
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
    def _time_stands_apart(cls, time: TimeSpec, info: ValidationInfo) -> TimeSpec:
        if clash := _clash(time.path, _field_paths(info.data.get("fields", {}))):
            raise ValidationError.from_exception_data(cls.__name__, [_problem(("path",), clash)])
        return time

    @field_validator("quality")
    @classmethod
    def _quality_stands_apart(cls, quality: QualitySpec | None, info: ValidationInfo) -> QualitySpec | None:
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
            raise ValueError(f"'{key}' is not a field; there are: {', '.join(fields)}")
        if fields[key].type != "string" or not fields[key].required:
            raise ValueError(f"a reading without its key cannot be kept: write {key}: {{type: string, required: true}}")
        return key

    @property
    def many(self) -> bool:
        """Whether a message holds many readings."""
        return FORMAT_FACTS[self.format].many

    @property
    def registered(self) -> bool:
        """Whether messages name their schemas, which a schema registry knows."""
        return FORMAT_FACTS[self.format].registered

    @property
    def columns(self) -> dict[str, ContractType]:
        """Every column of a decoded reading and its type: the fields, then `ts` and `quality`."""
        return {**{name: field.type for name, field in self.fields.items()}, TS: "timestamp", QUALITY: "long"}

    @property
    def paths(self) -> dict[str, Path]:
        """Where each column stands in the payload; `quality` is absent where the contract has none."""
        quality = {QUALITY: self.quality.path} if self.quality else {}
        return {**_field_paths(self.fields), TS: self.time.path, **quality}


def _field_paths(fields: Mapping[str, FieldSpec]) -> dict[str, Path]:
    return {name: field.path or (name,) for name, field in fields.items()}


def _problem(location: tuple[str, ...], what: str) -> InitErrorDetails:
    return InitErrorDetails(type="value_error", loc=location, input=None, ctx={"error": ValueError(what)})


def _clash(path: Path, taken: Mapping[str, Path]) -> str | None:
    """Why no payload can hold a value at `path` beside those taken, or None."""
    for name, other in taken.items():
        shorter = min(len(path), len(other))
        if path[:shorter] == other[:shorter]:
            if len(path) == len(other):
                return f"'{'.'.join(path)}' is read as '{name}' already"
            inner, outer = (path, other) if len(path) > len(other) else (other, path)
            return f"'{'.'.join(outer)}' cannot be both a value and the object around '{'.'.join(inner)}'"
    return None
