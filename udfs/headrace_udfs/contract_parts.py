"""The parts of a contract: its fields and its quality."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from headrace_udfs.contract_privacy import SecretOrDrop
from headrace_udfs.places import Source
from headrace_udfs.status_codes import SEVERITY, STATUS_CODES
from headrace_udfs.types import ContractType

JsonType = Literal["number", "string", "boolean"]
"""The types of values as messages have them."""

TAKEN: Mapping[ContractType, tuple[JsonType, ...]] = {
    "string": ("string",),
    "double": ("number",),
    "long": ("number",),
    "boolean": ("boolean",),
    "timestamp": ("string",),
}
"""The types of values that a field of each type takes, unless it says otherwise."""

_CONVERTIBLE: Mapping[ContractType, tuple[JsonType, ...]] = {
    "string": ("string", "number", "boolean"),
    "double": ("number", "string", "boolean"),
    "long": ("number", "string", "boolean"),
    "boolean": ("boolean", "string"),
    "timestamp": ("string",),
}

Range = Annotated[
    tuple[int | float | None, int | float | None],
    WithJsonSchema({"type": "array", "items": {"type": ["number", "null"]}, "minItems": 2, "maxItems": 2}),
]
"""A field that reads the lowest and the highest value; either may be null."""


def _with_preset(schema: dict[str, Any]) -> None:
    """Change the JSON Schema of a part: a preset may have what a file leaves out, which only the whole can tell."""
    schema.pop("required", None)


class FieldSpec(Source):
    """A value in the payload that becomes a column."""

    model_config = ConfigDict(json_schema_extra=_with_preset)

    type: ContractType
    """Type of the value; a message with another type becomes a dead letter."""
    types: tuple[JsonType, ...] = ()
    """Types that the message's value may have, if not only that of type; one that another field takes is null here."""
    decimal: Literal[".", ","] = "."
    """Decimal sign of numbers in texts."""
    required: bool = False
    """Whether a message without the field becomes a dead letter."""
    unit: str | None = None
    """Unit of the value, like degC; 1 for a ratio."""
    range: Range | None = None
    """Lowest and highest valid value; null leaves a side open."""
    secret: SecretOrDrop = None
    """How the value is masked, such as {hash: patients} or {truncate: year}; drop if it is not stored."""
    description: str | None = None
    """Meaning of the field, in words."""

    @property
    def taken(self) -> tuple[JsonType, ...]:
        """The types of values that the field takes."""
        return self.types or TAKEN[self.type]

    @field_validator("types")
    @classmethod
    def _types_fit(cls, value: tuple[JsonType, ...], info: ValidationInfo) -> tuple[JsonType, ...]:
        kind = info.data.get("type")
        if kind and (unfit := [found for found in value if found not in _CONVERTIBLE[kind]]):
            able = ", ".join(_CONVERTIBLE[kind])
            raise ValueError(f"a {kind} cannot be made of a {unfit[0]}; it can of: {able}")
        return value

    @field_validator("decimal")
    @classmethod
    def _decimal_is_used(cls, value: str, info: ValidationInfo) -> str:
        if value != "." and info.data.get("type") not in ("double", "long", None):
            raise ValueError("only a double or a long has a decimal sign")
        return value

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
        _check_reachable(kind, low, high)
        return value


def _check_reachable(kind: str, low: Any, high: Any) -> None:
    """Raise ValueError if no value of the type can be in the range."""
    bounds = [bound for bound in (low, high) if bound is not None]
    if not all(math.isfinite(bound) for bound in bounds):
        raise ValueError("a bound is a number; leave a side open with null")
    if kind == "long" and any(not -(2**63) <= bound < 2**63 for bound in bounds):
        raise ValueError("a bound of the range does not fit in a long")


Severity = Literal["good", "uncertain", "bad"]
"""The severities of OPC UA."""


def _status(value: object) -> object:
    if not isinstance(value, str) or (value not in SEVERITY and value not in STATUS_CODES):
        raise ValueError("a status must be 'good', 'uncertain' or 'bad', or a StatusCode's name like BadSensorFailure")
    return value


Status = Annotated[str, BeforeValidator(_status), WithJsonSchema({"enum": [*SEVERITY, *STATUS_CODES]})]
"""A field that reads a severity or the name of a StatusCode."""

Mapping_ = Literal["opcua", "opcda", "names", "boolean", "sparkplug", "siemens", "pi"]
"""How sources write qualities."""


class QualitySpec(Source):
    """How reliable a reading is."""

    model_config = ConfigDict(json_schema_extra=_with_preset)

    mapping: Mapping_
    """How the source writes qualities: opcua (StatusCodes), opcda (192 is good), boolean, sparkplug, siemens (0 to 3),
    pi (values with IsSystem), or names."""
    names: Mapping[str, Status] = Field(default={}, validate_default=True)
    """Status of each word, number or boolean if the mapping is names; case is ignored."""
    others: Status | None = None
    """Status of words that names does not have; without it they become dead letters."""
    missing: Status = "uncertain"
    """Quality of a reading whose message has none."""

    @field_validator("names")
    @classmethod
    def _names_are_used(cls, names: Mapping[str, str], info: ValidationInfo) -> dict[str, str]:
        if names and info.data.get("mapping") not in ("names", None):
            raise ValueError("names: is allowed only with mapping: names")
        folded = {name.casefold(): severity for name, severity in names.items()}
        if len(folded) < len(names):
            raise ValueError("two names differ only in case, and case is ignored")
        return folded

    @model_validator(mode="after")
    def _has_a_place(self) -> QualitySpec:
        if not self.has_place:
            raise ValueError("the quality needs a place; add path: q, or from:")
        if self.others and self.mapping != "names":
            raise ValueError("others: is allowed only with mapping: names")
        return self
