"""How a message names the schema that it was written with: before its bytes, or in a header.

A zero byte and the four bytes of an id, or a byte of value 1 and the 16 bytes of a GUID. Before a Protobuf message, the
indexes of its type in the schema follow.
"""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from headrace_udfs.faults import Code, Fault, Refused
from headrace_udfs.messages import Headers
from headrace_udfs.schemas import SchemaId

HEADER = "__value_schema_id"
"""The header of a schema id for the value, as Confluent's serializers name it."""

MAX_ID = 2**31 - 1
"""The highest valid schema id."""

_LENGTHS = {0: 5, 1: 17}


class Frame(NamedTuple):
    """Where a message says what it was written with. head: the bytes that name it. start: where the body begins."""

    head: bytes
    start: int


def frame(payload: bytes, headers: Headers) -> Frame:
    """Return the frame of a message without indexes: its head is that of the header HEADER, or else of the payload."""
    for name, value in headers:
        if name == HEADER and value is not None:
            return Frame(value, 0)
    length = _LENGTHS.get(payload[0], 5) if payload else 0
    return Frame(payload[:length], min(length, len(payload)))


def schema_id(head: bytes) -> SchemaId | Fault:
    """Return the id that a head without indexes has, or why it has none."""
    if not head or len(head) != _LENGTHS.get(head[0]):
        found = f"a zero byte and the four bytes of a schema id (or 1 and a GUID), found {head[:20].hex(' ') or 'none'}"
        return Fault(Code.NO_SCHEMA_ID, f"expected {found}")
    if head[0] == 1:
        return UUID(bytes=head[1:])
    number = int.from_bytes(head[1:], "big")
    if number > MAX_ID:
        return Fault(Code.UNKNOWN_SCHEMA, f"{number} is not a valid schema id: the highest is {MAX_ID}")
    return number


def with_indexes(payload: bytes, headers: Headers) -> tuple[Frame, tuple[int, ...]]:
    """Return the frame of a Protobuf message and the indexes of its type in the schema. Raises Refused."""
    for name, value in headers:
        if name == HEADER and value is not None:
            length = _LENGTHS.get(value[0], 5) if value else 0
            _check(value[:length])
            indexes, end = _indexes(value, length)
            if end != len(value):
                raise Refused(Code.NO_SCHEMA_ID, f"{len(value) - end} bytes follow the message indexes in the header")
            return Frame(value[:length], 0), indexes
    head, start = frame(payload, ())
    _check(head)
    indexes, start = _indexes(payload, start)
    return Frame(head, start), indexes


def _check(head: bytes) -> None:
    if isinstance(fault := schema_id(head), Fault):
        raise Refused(*fault)


def _indexes(payload: bytes, at: int) -> tuple[tuple[int, ...], int]:
    """Return the indexes that begin at `at`, and where they end. Raises Refused."""
    count, at = _zigzag(payload, at)
    if count == 0:
        return (0,), at
    if not 0 < count <= 64:
        raise Refused(Code.UNKNOWN_MESSAGE, f"{count} message indexes")
    indexes = []
    for _ in range(count):
        index, at = _zigzag(payload, at)
        indexes.append(index)
    return tuple(indexes), at


def _zigzag(payload: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    for byte in payload[at : at + 5]:
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return (value >> 1) ^ -(value & 1), at
        shift += 7
    raise Refused(Code.UNKNOWN_MESSAGE, "the message indexes are truncated")
