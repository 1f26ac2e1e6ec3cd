"""Why a message became a dead letter: a code for machines, a message for people."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Any, NamedTuple


class Code(StrEnum):
    """What is wrong with a dead letter. `meaning` says it in a sentence; docs/dead-letter-codes.md lists them all."""

    meaning: str

    NULL_PAYLOAD = "null_payload", "The message has no value: a tombstone, or a producer that sent none."
    EMPTY_PAYLOAD = "empty_payload", "The value is zero bytes long, or white space only."
    PAYLOAD_TOO_LARGE = "payload_too_large", "The value is longer than the contract's max_bytes."
    NOT_UTF8 = "not_utf8", "Bytes that are not UTF-8, or a text field with an escape that no UTF-8 text can hold."
    NOT_JSON = "not_json", "The text is not one JSON value as RFC 8259 has it."
    NESTED_TOO_DEEP = "nested_too_deep", "Objects and arrays stand in one another more than 64 deep."
    DUPLICATE_KEY = "duplicate_key", "An object holds a key twice, so that its value is anyone's guess."
    NAN = "nan", "A NaN stands where a number may be."
    INFINITY = "infinity", "An Infinity or -Infinity stands where a number may be."
    NOT_AN_OBJECT = "not_an_object", "The JSON value is an array, a text, a number or the like, not an object."
    NOT_AN_ARRAY = "not_an_array", "The format is an array of readings, and the JSON value is none."
    NO_READINGS = "no_readings", "The array of readings is empty."
    NO_SCHEMA_ID = "no_schema_id", "The bytes do not begin with a zero and the four bytes of a schema's id."
    UNKNOWN_SCHEMA = "unknown_schema", "The schema registry knows no schema of the id that the message names."
    SCHEMA_UNFIT = "schema_unfit", "The schema of the message is no Avro, or has not what the contract reads."
    NOT_AVRO = "not_avro", "The bytes are no Avro record of their schema, or more than one."
    MISSING_FIELD = "missing_field", "A required field is not there."
    NULL_FIELD = "null_field", "A required field is null."
    WRONG_TYPE = "wrong_type", "A field holds another type than the contract says."
    NUMBER_OVERFLOW = "number_overflow", "A number is beyond what a double holds, like 1e400."
    INTEGER_TOO_LARGE = (
        "integer_too_large",
        "A whole number that a double (2^53) or a long (64 bits) cannot hold exactly.",
    )
    OUT_OF_RANGE = "out_of_range", "A number is outside the range of its field."
    TIME_MISSING = "time_missing", "The time field is not there, or is null."
    TIME_INVALID = "time_invalid", "A time is not of the contract's type, or not on the calendar."
    TIME_WITHOUT_ZONE = "time_without_zone", "An ISO 8601 time has no zone, so that it names no instant."
    TIME_BEFORE_BOUNDS = "time_before_bounds", "The time is before the contract's earliest."
    TIME_AFTER_BOUNDS = "time_after_bounds", "The time is further ahead of the clock than the contract's latest."
    UNKNOWN_QUALITY = "unknown_quality", "The quality is none that the contract's mapping knows."
    UDF_FAILED = "udf_failed", "A step after decoding raised on this reading; the stage names the step."

    def __new__(cls, value: str, meaning: str) -> Code:
        code = str.__new__(cls, value)
        code._value_ = value
        code.meaning = meaning
        return code


class Fault(NamedTuple):
    """One reason to refuse one message. `message` is valid UTF-8 whatever the payload held."""

    code: Code
    message: str


class Refused(Exception):
    """Raised in the decoding of one message."""

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(message)
        self.fault = Fault(code, message)


def shown(value: Any, limit: int = 80) -> str:
    """`value` as JSON, cut to `limit` characters, for a message."""
    return readable(json.dumps(value, ensure_ascii=False, default=str), limit)


def readable(text: str, limit: int = 400) -> str:
    """`text` cut to `limit` characters, and with half surrogate pairs, which UTF-8 has no place for, spelt out."""
    cut = text if len(text) <= limit else text[: limit - 3] + "..."
    return cut.encode("utf-8", "backslashreplace").decode()
