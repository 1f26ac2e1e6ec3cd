"""What a contract says about values that must not be stored as they are: masks of fields, and what becomes of payloads.

docs/security.md describes the keys with an example.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Annotated, Any, Literal, NamedTuple, Protocol

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from headrace_udfs.places import Model
from headrace_udfs.types import ContractType

Unit = Literal["year", "month", "day", "hour"]
"""What a truncated time keeps, from its beginning."""

Handling = Literal["keep", "encrypt", "omit"]
"""What becomes of the payload of a record that is not stored as a reading."""


class Prefix(NamedTuple):
    """How many bits of an address stay: of IPv4, and of IPv6."""

    v4: int
    v6: int


def _prefix(value: Any) -> Prefix:
    bits = value if isinstance(value, list | tuple) else [value, 48]
    if len(bits) != 2 or not all(isinstance(each, int) and not isinstance(each, bool) for each in bits):
        raise ValueError("prefix is the bits of an address that stay: 24, or [24, 48] for IPv4 and IPv6")
    if not (0 < bits[0] < 32 and 0 < bits[1] < 128):
        raise ValueError("a prefix of IPv4 has 1 to 31 bits, and one of IPv6 has 1 to 127")
    return Prefix(*bits)


_PREFIX_SCHEMA = {
    "anyOf": [
        {"type": "integer", "minimum": 1, "maximum": 31},
        {"type": "array", "items": {"type": "integer"}, "minItems": 2, "maxItems": 2},
    ]
}

_TYPES: Mapping[str, tuple[ContractType, ...]] = {
    "hash": ("string",),
    "first": ("string",),
    "prefix": ("string",),
    "truncate": ("string", "timestamp"),
    "shift": ("string", "timestamp"),
    "step": ("long", "double"),
}
"""The types of fields that each mask takes; drop takes all."""

_INSTEAD: Mapping[str, str] = {
    "hash": "a token is a text; write type: string, with types: [number] if messages have numbers",
    "step": "only a number has a step; use truncate for times, or first for texts",
}


class Secret(Model):
    """How a value is masked where it is decoded; nothing behind the decoder sees the value itself."""

    hash: str | None = Field(default=None, min_length=1)
    """Name of a key: the value becomes a token, the same for the same value. keys: in catalogs/ has the keys."""
    truncate: Unit | None = None
    """What stays of a time or a date: year, month, day or hour."""
    first: int | None = Field(default=None, ge=1)
    """How many characters stay, from the first."""
    prefix: Annotated[Prefix | None, BeforeValidator(_prefix), WithJsonSchema(_PREFIX_SCHEMA)] = None
    """How many bits of an IP address stay: 24, or [24, 48] for IPv4 and IPv6."""
    step: int | float | None = Field(default=None, gt=0, allow_inf_nan=False)
    """A number is rounded down to a multiple of it."""
    shift: str | None = Field(default=None, min_length=1)
    """Name of a key: a time or a date moves back by whole days, by the same number for the same subject."""
    by: str | None = None
    """With shift, the field that identifies the subject."""
    days: int = Field(default=365, ge=1, le=3650)
    """With shift, the most days that a time moves."""
    drop: Literal[True] | None = None
    """The value is checked and not stored."""

    @property
    def kind(self) -> str:
        """Which mask it is."""
        return self._kinds()[0]

    @property
    def key(self) -> str | None:
        """Name of the key that it needs."""
        return self.hash or self.shift

    def _kinds(self) -> list[str]:
        return [name for name in (*_TYPES, "drop") if getattr(self, name) is not None]

    @model_validator(mode="after")
    def _is_one_mask(self) -> Secret:
        kinds = self._kinds()
        if len(kinds) != 1:
            found = " and ".join(kinds) or "nothing"
            raise ValueError(f"a secret has one mask, not {found}; write one of: {', '.join([*_TYPES, 'drop'])}")
        if self.shift and not self.by:
            raise ValueError("shift needs the field that identifies the subject; add by:")
        if not self.shift and (self.by or "days" in self.model_fields_set):
            raise ValueError("by: and days: belong to shift:")
        return self

    def unfit(self, kind: ContractType) -> str | None:
        """Return why a field of a type cannot have this mask, and what to do after a semicolon; None if it can."""
        mask = self.kind
        able = _TYPES.get(mask, (kind,))
        if kind not in able:
            return f"{mask} takes a {' or a '.join(able)}, not a {kind}; {_INSTEAD.get(mask, 'choose another mask')}"
        if self.truncate == "hour" and kind == "string":
            return "a text can be truncated to a day, a month or a year; for hours, write type: timestamp"
        if kind == "long" and self.step is not None and not isinstance(self.step, int):
            return "the step of a long is a whole number"
        return None


def _secret(value: Any) -> Any:
    return {"drop": True} if value == "drop" else value


SecretOrDrop = Annotated[
    Secret | None, BeforeValidator(_secret, json_schema_input_type=Secret | Literal["drop"] | None)
]
"""A field that reads a mask; `drop` alone is short for {drop: true}."""


class Payloads(Model):
    """What becomes of the payloads of records that are not stored as readings."""

    dead_letters: Handling | None = None
    """Payloads of dead letters: keep, encrypt or omit; by default keep, and omit if a field has a secret:."""
    late_readings: Handling | None = None
    """Payloads of late readings, likewise."""
    key: str | None = Field(default=None, min_length=1)
    """Name of the key to encrypt with. keys: in catalogs/ has the keys."""

    @model_validator(mode="after")
    def _has_its_key(self) -> Payloads:
        encrypts = "encrypt" in (self.dead_letters, self.late_readings)
        if encrypts and not self.key:
            raise ValueError("encrypt needs a key; add key: and the name of one in keys: of catalogs/")
        if self.key and not encrypts:
            raise ValueError("the key is not used, because nothing is encrypted; remove it, or write encrypt")
        return self


class Handlings(NamedTuple):
    """What becomes of the payloads of dead letters and of late readings."""

    dead_letters: Handling
    late_readings: Handling


def handlings(payload: Payloads | None, *, masked: bool) -> Handlings:
    """Return what becomes of payloads. masked: whether a field of the contract is; then payloads are omitted."""
    usual: Handling = "omit" if masked else "keep"
    given = payload or Payloads()
    return Handlings(given.dead_letters or usual, given.late_readings or usual)


class _Field(Protocol):
    @property
    def type(self) -> ContractType: ...
    @property
    def required(self) -> bool: ...
    @property
    def constant(self) -> object: ...
    @property
    def secret(self) -> Secret | None: ...


Located = tuple[tuple[str, ...], str]
"""The keys that lead to a fault, and what is wrong; what to do follows a semicolon."""


def of_fields(fields: Mapping[str, _Field], keys: Collection[str]) -> Iterator[Located]:
    """Yield what is wrong with the masks of fields. keys: the names of the fields that are the contract's key."""
    for name, field in fields.items():
        if field.secret is not None and (why := _of_field(field, field.secret, fields, is_key=name in keys)):
            yield ("fields", name, "secret"), why


def of_time(secret: Secret, fields: Mapping[str, _Field], *, ordered: bool) -> str | None:
    """Return what is wrong with the mask of the time. ordered: whether the contract has a watermark."""
    if secret.kind not in ("truncate", "shift"):
        return "a reading needs a time; mask it with truncate or shift"
    if secret.shift and ordered:
        return f"times that move by up to {secret.days} days have no order; truncate them, or remove watermark:"
    return _no_subject(secret, fields)


def _of_field(field: _Field, secret: Secret, fields: Mapping[str, _Field], *, is_key: bool) -> str | None:
    if why := secret.unfit(field.type):
        return why
    if field.constant is not None:
        return "a constant stands in the contract, where all can read it; remove secret:"
    if secret.drop and is_key:
        return "the key cannot be dropped, because late readings have it; mask it with hash"
    return _no_subject(secret, fields)


def _no_subject(secret: Secret, fields: Mapping[str, _Field]) -> str | None:
    if secret.by is None:
        return None
    subject = fields.get(secret.by)
    if subject is None:
        return f"'{secret.by}' is not a field; the fields are: {', '.join(fields)}"
    if subject.type != "string" or not subject.required:
        return f"the subject must be a required string: write {secret.by}: {{type: string, required: true}}"
    return None
