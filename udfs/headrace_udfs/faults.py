"""The reasons why a message becomes a dead letter: a code for programs and a message for people."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Any, NamedTuple


class Code(StrEnum):
    """The kind of fault of a dead letter. `meaning` describes it in one sentence; docs/dead-letter-codes.md lists all.

    The values are stored in historian.dead_letters and must not change.
    """

    meaning: str

    NULL_PAYLOAD = "null_payload", "The message has no value: it is a tombstone, or the producer sent none."
    EMPTY_PAYLOAD = "empty_payload", "The value is zero bytes long, or only white space."
    PAYLOAD_TOO_LARGE = "payload_too_large", "The value is longer than the contract's max_bytes."
    NOT_UTF8 = "not_utf8", "The bytes are not UTF-8, or a text field has an escape that UTF-8 cannot represent."
    NOT_JSON = "not_json", "The text is not exactly one JSON value as defined by RFC 8259."
    NESTED_TOO_DEEP = "nested_too_deep", "Values are nested more than 64 deep, or Protobuf messages more than 100."
    DUPLICATE_KEY = "duplicate_key", "An object has the same key twice, so its value is ambiguous."
    NAN = "nan", "A number is NaN."
    INFINITY = "infinity", "A number is Infinity or -Infinity."
    NOT_AN_OBJECT = (
        "not_an_object",
        "A row, or what leads to the rows, is an array, a text, a number or the like, not an object.",
    )
    NOT_AN_ARRAY = (
        "not_an_array",
        "The rows are the elements of an array, and something else is in its place.",
    )
    NO_READINGS = "no_readings", "The message has no rows: the array or object of rows is empty, null or missing."
    TOO_MANY_READINGS = (
        "too_many_readings",
        "Over 1,000 rows of the message are bad, or too short to be readings, for its size.",
    )
    NO_SCHEMA_ID = "no_schema_id", "Neither the bytes nor a header begin with a valid id, or GUID, of a schema."
    UNKNOWN_SCHEMA = "unknown_schema", "The schema registry has no schema with the id that the message names."
    SCHEMA_UNFIT = "schema_unfit", "The message's schema is not valid Avro, or does not have what the contract reads."
    NOT_AVRO = "not_avro", "The bytes are not exactly one Avro record of their schema."
    TOO_MANY_VALUES = "too_many_values", "The message has over 262,144 values, though it is not too long."
    TRAILING_BYTES = "trailing_bytes", "Something follows the end of the message, like a second message."
    NOT_CSV = "not_csv", "A row has a quotation mark in a wrong place, or one that is not closed."
    WRONG_COLUMNS = "wrong_columns", "A row of CSV has more or fewer columns than the header or the contract."
    NOT_LINE_PROTOCOL = "not_line_protocol", "A line is not a point of InfluxDB's line protocol."
    NOT_XML = "not_xml", "The text is not exactly one well-formed XML document."
    XML_DOCTYPE = "xml_doctype", "The XML has a document type or entities of its own, which are not read."
    NOT_HL7 = "not_hl7", "The text is not one HL7 v2 message that begins with MSH."
    HL7_SEPARATORS = "hl7_separators", "MSH-1 and MSH-2 are not five different signs that separate fields."
    WRONG_CHARSET = (
        "wrong_charset",
        "The message names a character set that is not supported, or its bytes are not of that set.",
    )
    NOT_PROTOBUF = "not_protobuf", "The bytes are not one Protobuf message of the contract's or the registry's schema."
    WRONG_WIRE_TYPE = "wrong_wire_type", "A field of the Protobuf message is not encoded as its schema says."
    UNKNOWN_MESSAGE = (
        "unknown_message",
        "The message indexes before the Protobuf bytes name no message of the schema.",
    )
    NOT_COMPRESSED = "not_compressed", "The bytes are not compressed as the contract or their header says."
    UNKNOWN_COMPRESSION = "unknown_compression", "The header names a compression that is not supported."
    INFLATES_TOO_LARGE = "inflates_too_large", "The decompressed value is longer than the contract's max_bytes."
    UNKNOWN_ALIAS = (
        "unknown_alias",
        "A row has an id or an alias in place of its name, and no earlier message said what it stands for.",
    )
    OTHER_PARTITION = (
        "other_partition",
        "The birth that a row, or a death, needs came in another partition, so whether before or after it is unknown.",
    )
    OTHER_SESSION = (
        "other_session",
        "A death of a Sparkplug node belongs to another session than its last birth (bdSeq), so it changes no tag.",
    )
    NO_BIRTH = (
        "no_birth",
        "A death of a Sparkplug node or device has no tag to end: none was born since the job began or the last death.",
    )
    SEQUENCE_GAP = (
        "sequence_gap",
        "Messages of a Sparkplug node are missing before this one, or are out of order; its own readings are stored.",
    )
    UNKNOWN_DATATYPE = (
        "unknown_datatype",
        "A whole number of Sparkplug B comes without its type, and no earlier message told it.",
    )
    NOT_ONE_VALUE = "not_one_value", "A Sparkplug metric is a data set or a template, which hold many values."
    NOT_A_CLOUDEVENT = "not_a_cloudevent", "The message has not the attributes of a CloudEvent."
    TOMBSTONE = "tombstone", "A change stream says once more that the row of a key is deleted."
    BOOTSTRAP_MARK = "bootstrap_mark", "Maxwell says that a bootstrap begins or ends."
    DEFINITION = "definition", "A row says what an id stands for; it has no value."
    UNKNOWN_CHANGE = "unknown_change", "The message has no operation that its envelope knows."
    TABLE_TRUNCATED = "table_truncated", "All rows of the table are gone, and the message does not say which."
    VALUE_UNAVAILABLE = (
        "value_unavailable",
        "Debezium sends a placeholder: a large value did not change, and the database does not log it.",
    )
    MISSING_FIELD = "missing_field", "A required field is missing."
    NULL_FIELD = "null_field", "A required field is null."
    WRONG_TYPE = "wrong_type", "A field has a different type than the contract says."
    NUMBER_OVERFLOW = "number_overflow", "A number is too large for a double, like 1e400."
    INTEGER_TOO_LARGE = (
        "integer_too_large",
        "A double (up to 2^53) or a long (64 bits) cannot hold the whole number exactly.",
    )
    OUT_OF_RANGE = "out_of_range", "A number is outside the range of its field."
    TIME_MISSING = "time_missing", "The time field is missing or null."
    TIME_INVALID = (
        "time_invalid",
        "A time does not have the contract's type, or is not a valid calendar time of the years 1 to 9999 in UTC.",
    )
    TIME_WITHOUT_ZONE = "time_without_zone", "An ISO 8601 time has no time zone, so it does not identify an instant."
    TIME_AMBIGUOUS = "time_ambiguous", "A change of the clock repeats the time, which has no zone of its own."
    TIME_SKIPPED = "time_skipped", "A change of the clock skips the time, which has no zone of its own."
    TIME_BEFORE_BOUNDS = "time_before_bounds", "The time is before the contract's earliest."
    TIME_AFTER_BOUNDS = "time_after_bounds", "The time is further ahead of the clock than the contract's latest allows."
    UNKNOWN_QUALITY = "unknown_quality", "The quality is unknown to the contract's mapping."
    UDF_FAILED = "udf_failed", "A step after decoding raised an error on this reading; the stage names the step."

    def __new__(cls, value: str, meaning: str) -> Code:
        """Return the code with this value and meaning."""
        code = str.__new__(cls, value)
        code._value_ = value
        code.meaning = meaning
        return code


MARKERS = (Code.TOMBSTONE, Code.BOOTSTRAP_MARK)
"""Codes of messages of change streams that have no row by design: they are in historian.markers, not dead letters."""


class Fault(NamedTuple):
    """A reason to reject one message or reading. `message` is valid UTF-8 whatever the payload contains."""

    code: Code
    message: str


class Refused(Exception):
    """Raised when one message cannot be decoded; `fault` has the reason."""

    def __init__(self, code: Code, message: str) -> None:
        """Set `fault` to a Fault of this code and message."""
        super().__init__(message)
        self.fault = Fault(code, message)


def shown(value: Any, limit: int = 80) -> str:
    """Return `value` as JSON for a message, cut to `limit` characters."""
    return readable(json.dumps(value, ensure_ascii=False, default=str), limit)


def readable(text: str, limit: int = 400) -> str:
    """Return `text` cut to `limit` characters, with lone surrogates, which UTF-8 cannot encode, as escapes."""
    cut = text if len(text) <= limit else text[: limit - 3] + "..."
    return cut.encode("utf-8", "backslashreplace").decode()
