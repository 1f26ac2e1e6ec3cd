"""Values as Protobuf: what a message type must have for the columns of a topic, and its bytes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from headrace_udfs.formats.protobuf_schema import ProtobufSchema
from headrace_udfs.formats.write_avro import Row, WrittenColumn

TIMESTAMP = "google.protobuf.Timestamp"
_LONGS = ("int64", "sint64", "sfixed64")
_FITS: Mapping[str, Sequence[str]] = {
    "string": ("string",),
    "double": ("double",),
    "float": ("float", "double"),
    "long": _LONGS,
    "int": ("int32", "sint32", "sfixed32", *_LONGS),
    "boolean": ("bool",),
    "timestamptz": (TIMESTAMP,),
    "binary": ("bytes",),
}
"""The types of fields that hold every value of a type of columns."""
_NAMES = {
    getattr(FieldDescriptor, f"TYPE_{name.upper()}"): name
    for names in _FITS.values()
    for name in names
    if "." not in name
}


class ProtobufWriter:
    """Writes rows as messages of one type, and reads them."""

    def __init__(self, descriptors: bytes, message: str, columns: Sequence[str]) -> None:
        self._class = GetMessageClass(ProtobufSchema(descriptors).message(message))
        self._columns = columns

    def body(self, row: Row) -> bytes:
        """Return the message of a row; null is a field that is not set. Raises ValueError for a text of surrogates."""
        message = self._class()
        for name in self._columns:
            value = row[name]
            if value is None:
                continue
            field = self._class.DESCRIPTOR.fields_by_name[name]
            if field.message_type:
                getattr(message, name).FromDatetime(value)
            else:
                setattr(message, name, value)
        return bytes(message.SerializeToString(deterministic=True))

    def row(self, body: bytes) -> dict[str, Any]:
        """Return the row of a message."""
        message = self._class.FromString(body)
        return {name: _value(message, self._class.DESCRIPTOR.fields_by_name[name]) for name in self._columns}


def indexes(descriptor: Descriptor) -> bytes:
    """Return what a message says of its type after the schema's id: its place in the file, in zigzag numbers."""
    path: list[int] = []
    at: Descriptor | None = descriptor
    while at is not None:
        parent = at.containing_type
        types = parent.nested_types if parent else at.file.message_types_by_name.values()
        path.insert(0, [each.name for each in types].index(at.name))
        at = parent
    if path == [0]:
        return b"\0"  # the first type, which most messages are of
    return b"".join(map(_zigzag, [len(path), *path]))


def misfits(descriptor: Descriptor, columns: Sequence[WrittenColumn]) -> Iterator[tuple[str, str, str]]:
    """Yield the column, what is wrong, and the fix, for each column that the message type cannot hold.

    The column is empty if a field of the type is at fault.
    """
    for column in columns:
        field = descriptor.fields_by_name.get(column.name)
        fits = _FITS.get(column.kind, ("string",) if column.kind == "date" else ())
        if field is None:
            yield column.name, f"{descriptor.name} has no field '{column.name}'", "add it, or leave the column out"
        elif column.kind not in _FITS:
            what = f"Protobuf has no type for '{column.name}', which is a {column.kind}"
            yield column.name, what, "make it a string, and cast it in the SELECT"
        elif (kind := _kind(field)) not in fits:
            yield (
                column.name,
                f"'{column.name}' is a {column.kind}, and {kind} in {descriptor.name}",
                f"make it {fits[0]}",
            )
        elif not column.required and not field.has_presence:
            what = f"'{column.name}' can be null, and {descriptor.name} cannot say so: consumers would see a zero"
            yield column.name, what, "write `optional` before the field, or `required: true` on the column"
    names = {column.name for column in columns}
    for field in descriptor.fields:
        if field.label == FieldDescriptor.LABEL_REQUIRED and field.name not in names:
            yield (
                "",
                f"{descriptor.name} requires the field '{field.name}', and there is no such column",
                "add the column",
            )


def _kind(field: FieldDescriptor) -> str:
    if field.label == FieldDescriptor.LABEL_REPEATED:
        return "repeated"
    if field.message_type:
        return str(field.message_type.full_name)
    return _NAMES.get(field.type, "of another type")


def _value(message: Message, field: FieldDescriptor) -> Any:
    if field.has_presence and not message.HasField(field.name):
        return None
    value = getattr(message, field.name)
    return value.ToDatetime(tzinfo=UTC) if field.message_type else value


def _zigzag(number: int) -> bytes:
    left, written = number << 1, b""
    while left > 0x7F:
        written += bytes([left & 0x7F | 0x80])
        left >>= 7
    return written + bytes([left])
