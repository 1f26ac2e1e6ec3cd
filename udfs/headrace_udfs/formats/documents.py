"""Documents: what a payload of any format is read as, before a contract's paths choose values in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from headrace_udfs.faults import Code, Refused

Document = Any
"""A value made of dict (with keys of type str), list, str, int, float, Decimal, bool, None and bytes."""

Documents = list[Any]
"""The documents of one payload, in order. A Fault is in place of one that cannot be read while its siblings can."""


class Spoilt(NamedTuple):
    """A document with a Fault in place of each value that cannot be read: it costs the row that has it, no other."""

    value: Document


Wanted = Mapping[str, Any]
"""The keys that a contract reads, each with those that it reads below; ITEMS is the key of a list's items, MEMBERS that
of every member of an object. An empty mapping is a value that is read."""

ITEMS = "[]"
MEMBERS = "*"

MAX_DEPTH = 64
"""The deepest nesting that is read, of formats in which values nest."""

MAX_VALUES = 2**18
"""The most values in one payload, of formats in which a few bytes become a value."""


def text_of(payload: bytes) -> str:
    """Return the payload as text. Raises Refused if it is not UTF-8, or is only white space."""
    if not payload.strip(b" \t\r\n"):
        raise Refused(Code.EMPTY_PAYLOAD, f"{len(payload)} bytes, and nothing but white space")
    try:
        return payload.decode()
    except UnicodeDecodeError as error:
        byte = payload[error.start]
        raise Refused(Code.NOT_UTF8, f"byte 0x{byte:02x} at position {error.start}: {error.reason}") from None


def too_many_values(found: int) -> Refused:
    """Return the refusal of a payload with `found` values or more."""
    return Refused(Code.TOO_MANY_VALUES, f"{found:,} values or more; the limit is {MAX_VALUES:,}")
