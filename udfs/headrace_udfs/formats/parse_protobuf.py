"""Protobuf: messages of a schema as documents, by the names of their fields."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.message import DecodeError, Message
from google.protobuf.message_factory import GetMessageClass

from headrace_udfs.faults import Code, Refused, readable
from headrace_udfs.formats import protobuf_wire
from headrace_udfs.formats.documents import ITEMS, MAX_VALUES, MEMBERS, Document, Wanted, too_many_values

_Reader = Callable[[Any], Document]


class ProtobufParser:
    """Reads messages of one type."""

    def __init__(self, descriptor: Descriptor, wanted: Wanted | None = None) -> None:
        """Prepare to read messages of `descriptor`: of their fields those that are wanted, or all."""
        self._class = GetMessageClass(descriptor)
        self._shape = protobuf_wire.Shape.of(descriptor)
        self._fields = _Fields(descriptor, wanted)

    def parse(self, payload: bytes) -> Document:
        """Return a message as an object, by the names in the schema.

        Numbers are int or float, a text is str, bytes are bytes, and an enum is the name of its value, or its number if
        the schema has no name for it. A field that is not set is missing if the schema tells that from its default
        (`optional`, a member of a oneof, a message, proto2), and else has its default. A repeated field is a list, also
        if it is empty; a map is an object, whose keys are texts. Raises Refused unless the payload is exactly one
        message, with each field at most once.
        """
        try:
            message = self._class.FromString(payload)
        except DecodeError as error:
            protobuf_wire.check(payload, self._shape)  # finds what is wrong
            raise Refused(Code.NOT_PROTOBUF, readable(str(error))) from None
        if not message.IsInitialized():
            missing = ", ".join(message.FindInitializationErrors())
            raise Refused(Code.MISSING_FIELD, readable(f"{missing}: required by the schema"))
        message.DiscardUnknownFields()
        if message.SerializePartialToString() != payload:
            protobuf_wire.check(payload, self._shape)
        return self._fields.read(message)


class _Fields:
    """The fields of one message type that are read, each with its reader."""

    def __init__(self, descriptor: Descriptor, wanted: Wanted | None, known: dict[Any, _Fields] | None = None) -> None:
        known = {} if known is None else known
        known[descriptor.full_name, id(wanted)] = self
        self._readers: dict[str, _Reader | None] = {}
        self._defaults: dict[str, Document] = {}
        for field in descriptor.fields:
            below = None if wanted is None else wanted.get(field.name, wanted.get(MEMBERS))
            if wanted is not None and below is None:
                continue
            self._readers[field.name] = _reader(field, below, known)
            if not field.has_presence:
                self._defaults[field.name] = _default(field)

    def read(self, message: Message) -> dict[str, Document]:
        """Return the fields of a message."""
        found = self._defaults.copy()
        readers = self._readers
        for field, value in message.ListFields():
            name = field.name
            if name in readers and not field.is_extension:
                reader = readers[name]
                found[name] = value if reader is None else reader(value)
        return found


def _default(field: FieldDescriptor) -> Document:
    if field.label == FieldDescriptor.LABEL_REPEATED:
        return {} if _is_map(field) else []
    return field.enum_type.values_by_number[0].name if field.enum_type else field.default_value


def _reader(field: FieldDescriptor, below: Wanted | None, known: dict[Any, _Fields]) -> _Reader | None:
    """Return what makes documents of the values of a field; None if they are documents already."""
    if _is_map(field):
        return _map_reader(field, None if below is None else below.get(MEMBERS), known)
    if field.label == FieldDescriptor.LABEL_REPEATED:
        item = _item_reader(field, None if below is None else below.get(ITEMS), known)
        weight = 1 + len(field.message_type.fields) if field.message_type else 1
        return lambda values: _items(values, item, weight)
    return _item_reader(field, below, known)


def _item_reader(field: FieldDescriptor, below: Wanted | None, known: dict[Any, _Fields]) -> _Reader | None:
    if field.message_type:
        key = field.message_type.full_name, id(below or None)
        fields = known.get(key) or _Fields(field.message_type, below or None, known)
        return fields.read
    if field.enum_type:
        return _names(field.enum_type)
    return _checked_text(field.name) if field.type == FieldDescriptor.TYPE_STRING and not _is_proto3(field) else None


def _checked_text(name: str) -> _Reader:
    """Return a reader of texts whose bytes the parser has not checked: it returns bytes if they are not UTF-8."""

    def read(text: str | bytes) -> str:
        if isinstance(text, bytes):
            raise Refused(Code.NOT_UTF8, f"{name}: the text is not UTF-8")
        return text

    return read


def _is_proto3(field: FieldDescriptor) -> bool:
    file = FileDescriptorProto()
    field.file.CopyToProto(file)
    return bool(file.syntax == "proto3")


def _names(enum: EnumDescriptor) -> Callable[[int], Document]:
    names: Mapping[int, str] = {number: value.name for number, value in enum.values_by_number.items()}
    return lambda number: names.get(number, number)


def _map_reader(field: FieldDescriptor, below: Wanted | None, known: dict[Any, _Fields]) -> _Reader:
    item = _item_reader(field.message_type.fields_by_name["value"], below, known)

    def read(values: Mapping[Any, Any]) -> Document:
        if len(values) > MAX_VALUES:
            raise too_many_values(len(values))
        found = {_key(key): value for key, value in values.items()}
        return found if item is None else {key: item(value) for key, value in found.items()}

    return read


def _key(key: Any) -> str:
    return key if isinstance(key, str) else str(key).lower()


def _items(values: Any, item: _Reader | None, weight: int) -> list[Document]:
    """Return the items of a list. weight: how many values each has, even if it is empty on the wire."""
    if len(values) * weight > MAX_VALUES:
        raise too_many_values(len(values) * weight)
    return list(values) if item is None else [item(value) for value in values]


def _is_map(field: FieldDescriptor) -> bool:
    return bool(field.message_type and field.message_type.GetOptions().map_entry)
