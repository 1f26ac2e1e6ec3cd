"""The wire format of Protobuf, checked against a schema: what the parser of Protobuf accepts silently is refused.

The parser keeps the last of two values of one field, cuts a number to 32 bits, and skips a field whose bytes are not of
its type, as if it were one that the schema does not know.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from headrace_udfs.faults import Code, Refused

MAX_DEPTH = 100
"""How deep messages may be nested in the outermost one: the limit of Protobuf's parser."""

VARINT, FIXED64, LENGTH, START, END, FIXED32 = range(6)

_NAMES = ("a varint", "8 bytes", "bytes with a length", "the start of a group", "the end of a group", "4 bytes")
_F = FieldDescriptor
_TYPES = {
    _F.TYPE_DOUBLE: FIXED64, _F.TYPE_FIXED64: FIXED64, _F.TYPE_SFIXED64: FIXED64,
    _F.TYPE_FLOAT: FIXED32, _F.TYPE_FIXED32: FIXED32, _F.TYPE_SFIXED32: FIXED32,
    _F.TYPE_STRING: LENGTH, _F.TYPE_BYTES: LENGTH, _F.TYPE_MESSAGE: LENGTH, _F.TYPE_GROUP: START,
}  # fmt: skip
_SIGNED = {_F.TYPE_INT32, _F.TYPE_ENUM}
_UNSIGNED = {_F.TYPE_UINT32, _F.TYPE_SINT32}


@dataclass
class _Known:
    """A field of a message: how it is encoded, and the shape of the message that it holds."""

    name: str
    type: int
    wire: int
    repeated: bool
    oneof: str | None
    is_map: bool
    inner: Shape | None = None


@dataclass
class Shape:
    """A message type as it is on the wire: its fields by number."""

    name: str
    fields: dict[int, _Known] = field(default_factory=dict)

    @staticmethod
    def of(descriptor: Descriptor, known: dict[str, Shape] | None = None) -> Shape:
        """Return the shape of messages of `descriptor`, which may contain itself."""
        known = {} if known is None else known
        if descriptor.full_name in known:
            return known[descriptor.full_name]
        shape = known[descriptor.full_name] = Shape(descriptor.full_name)
        for each in descriptor.fields:
            inner = Shape.of(each.message_type, known) if each.message_type else None
            alone = each.containing_oneof is None or len(each.containing_oneof.fields) == 1
            oneof = None if alone else each.containing_oneof.name
            is_map = bool(each.message_type and each.message_type.GetOptions().map_entry)
            wire = _TYPES.get(each.type, VARINT)
            repeated = each.label == FieldDescriptor.LABEL_REPEATED
            shape.fields[each.number] = _Known(each.name, each.type, wire, repeated, oneof, is_map, inner)
        return shape


def check(payload: bytes, shape: Shape) -> None:
    """Raise Refused if the payload is not exactly one message of the shape, each field at most once unless repeated."""
    _Walk(payload).message(0, len(payload), shape, 0)


class _Level(NamedTuple):
    """A message within the payload: how deep it is nested, and what has been seen in it."""

    depth: int
    seen: set[Any]


class _Walk:
    """A walk through the bytes of one payload."""

    def __init__(self, payload: bytes) -> None:
        self._bytes = payload

    def message(self, at: int, end: int, shape: Shape, depth: int, group: int | None = None) -> int:
        """Check the message from `at` to `end`, or to the end of the group of this number; return where it ended."""
        if depth > MAX_DEPTH:
            raise Refused(Code.NESTED_TOO_DEEP, f"messages are nested over {MAX_DEPTH} deep")
        seen: set[Any] = set()
        while at < end:
            tag, at = self._varint(at, end)
            number, wire = tag >> 3, tag & 7
            if wire == END and number == group:
                return at
            if not 0 < number < 2**29 or wire > FIXED32 or wire == END:
                raise self._broken(f"no field begins at byte {at - 1}")
            known = shape.fields.get(number)
            if known is None:
                at = self._skip(number, wire, at, end, depth)
                continue
            if not known.repeated:
                self._once(known, seen)
            at = self._field(known, tag, at, end, _Level(depth, seen))
        if group is not None:
            raise self._broken("the message ends within a group")
        return at

    def _field(self, known: _Known, tag: int, at: int, end: int, level: _Level) -> int:
        wire = tag & 7
        packed = known.repeated and wire == LENGTH and known.wire in (VARINT, FIXED64, FIXED32)
        if wire != known.wire and not packed:
            what = f"{known.name} is {_NAMES[wire]}, expected {_NAMES[known.wire]}"
            raise Refused(Code.WRONG_WIRE_TYPE, what)
        if wire == START and known.inner:
            return self.message(at, end, known.inner, level.depth + 1, tag >> 3)
        start, stop = self._extent(wire, at, end)
        if packed:
            while start < stop:
                start = self._value(known, known.wire, start, stop)
        elif known.inner:
            self.message(start, stop, known.inner, level.depth + 1)
            if known.is_map:
                self._new_key(known, start, stop, level.seen)
        else:
            self._value(known, wire, at, end)
        return stop

    def _value(self, known: _Known, wire: int, at: int, end: int) -> int:
        """Check one value; return where it ends."""
        start, stop = self._extent(wire, at, end)
        if wire == VARINT:
            number, _ = self._varint(at, end)
            if (known.type in _UNSIGNED and number >= 2**32) or (
                known.type in _SIGNED and 2**32 <= number < 2**64 - 2**31
            ):
                raise Refused(Code.INTEGER_TOO_LARGE, f"{known.name}: {number} does not fit in 32 bits")
        elif known.type == FieldDescriptor.TYPE_STRING:
            try:
                self._bytes[start:stop].decode()
            except UnicodeDecodeError as error:
                raise Refused(Code.NOT_UTF8, f"{known.name}: byte {error.start} of the text: {error.reason}") from None
        return stop

    def _once(self, known: _Known, seen: set[Any]) -> None:
        """Raise Refused if the field, or another one of its oneof, has been seen."""
        name = known.oneof or known.name
        if name in seen:
            what = "more than one of its fields is set" if known.oneof else "occurs twice in one message"
            raise Refused(Code.DUPLICATE_KEY, f"{name}: {what}")
        seen.add(name)

    def _new_key(self, known: _Known, start: int, stop: int, seen: set[Any]) -> None:
        """Raise Refused if the key of a map's entry has been seen. The entry itself is checked already."""
        key: bytes = b""
        while start < stop:
            tag, at = self._varint(start, stop)
            start = self._skip(tag >> 3, tag & 7, at, stop, 0)
            if tag >> 3 == 1:
                key = self._bytes[at:start]
        if (known.name, key) in seen:
            raise Refused(Code.DUPLICATE_KEY, f"{known.name}: a key occurs twice in the map")
        seen.add((known.name, key))

    def _skip(self, number: int, wire: int, at: int, end: int, depth: int) -> int:
        if wire == START:
            return self.message(at, end, _UNKNOWN, depth + 1, number)
        return self._extent(wire, at, end)[1]

    def _extent(self, wire: int, at: int, end: int) -> tuple[int, int]:
        """Return where the value that begins at `at` has its content, and where it ends. Raises Refused."""
        if wire == VARINT:
            return at, self._varint(at, end)[1]
        if wire == LENGTH:
            length, at = self._varint(at, end)
        else:
            length = 8 if wire == FIXED64 else 4
        if length > end - at:
            raise self._broken(f"{length:,} bytes are to follow byte {at}, and {end - at:,} do")
        return at, at + length

    def _varint(self, at: int, end: int) -> tuple[int, int]:
        value = shift = 0
        while at < end and shift < 70:
            byte = self._bytes[at]
            at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                if value >= 2**64:
                    break
                return value, at
            shift += 7
        raise self._broken(f"a number that ends at byte {at} is truncated or too long")

    def _broken(self, what: str) -> Refused:
        return Refused(Code.NOT_PROTOBUF, what)


_UNKNOWN = Shape("")
