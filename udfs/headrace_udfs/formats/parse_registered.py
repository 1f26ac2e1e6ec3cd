"""Protobuf and JSON with schemas of a registry."""

from __future__ import annotations

import base64
import binascii

from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet
from google.protobuf.message import DecodeError

from headrace_udfs.faults import Code, Fault, Refused, readable
from headrace_udfs.formats.documents import Document, Wanted
from headrace_udfs.formats.json_text import JsonText
from headrace_udfs.formats.parse_protobuf import ProtobufParser
from headrace_udfs.formats.protobuf_schema import BadProto, ProtobufSchema, compiled_texts
from headrace_udfs.formats.registry_frame import frame, schema_id, with_indexes
from headrace_udfs.messages import Headers
from headrace_udfs.schemas import Schema, SchemaId, Schemas, UnknownSchema


class RegisteredProtobuf:
    """Reads Protobuf messages of the types that they name by a schema id and indexes."""

    def __init__(self, schemas: Schemas, wanted: Wanted | None) -> None:
        """Prepare to read what is `wanted`. Schemas are cached by their ids, which never change."""
        self._schemas, self._wanted = schemas, wanted
        self._known: dict[bytes, ProtobufSchema | Fault] = {}
        self._parsers: dict[tuple[bytes, tuple[int, ...]], ProtobufParser] = {}

    def parse(self, payload: bytes, headers: Headers) -> Document:
        """Return the message as a document. Raises Refused, and RegistryFailed."""
        (head, start), indexes = with_indexes(payload, headers)
        parser = self._parsers.get((head, indexes))
        if parser is None:
            schema = self._schema(head)
            try:
                parser = ProtobufParser(schema.at(indexes), self._wanted)
            except IndexError:
                what = f"{list(indexes)} in a schema of {len(schema.messages)} message types"
                raise Refused(Code.UNKNOWN_MESSAGE, what) from None
            self._parsers[head, indexes] = parser
        return parser.parse(payload[start:])

    def _schema(self, head: bytes) -> ProtobufSchema:
        found = self._known.get(head)
        if found is None:
            number = _number(head)
            schema = _looked_up(self._schemas, number, "PROTOBUF")
            try:
                found = ProtobufSchema(_descriptor_set(schema))
            except BadProto as error:
                found = Fault(Code.SCHEMA_UNFIT, readable(f"schema {number}: {error}"))
            self._known[head] = found
        if isinstance(found, Fault):
            raise Refused(*found)
        return found


class RegisteredJson:
    """Reads JSON after a schema id. The registry must know the schema; whether the JSON fits it is not checked."""

    def __init__(self, schemas: Schemas) -> None:
        """Prepare to read messages whose schemas are in `schemas`."""
        self._schemas = schemas
        self._json = JsonText()
        self._known: set[bytes] = set()

    def parse(self, payload: bytes, headers: Headers) -> Document:
        """Return the message as a document. Raises Refused, and RegistryFailed."""
        head, start = frame(payload, headers)
        if head not in self._known:
            _looked_up(self._schemas, _number(head), "JSON")
            self._known.add(head)
        return self._json.parse(payload[start:])


def _number(head: bytes) -> SchemaId:
    number = schema_id(head)
    if isinstance(number, Fault):
        raise Refused(*number)
    return number


def _looked_up(schemas: Schemas, number: SchemaId, kind: str) -> Schema:
    """Return the schema of this id. Raises Refused if there is none, or it is of another kind; RegistryFailed."""
    try:
        schema = schemas.schema(number)
    except UnknownSchema as error:
        raise Refused(Code.UNKNOWN_SCHEMA, readable(str(error))) from None
    if schema.kind != kind:
        raise Refused(Code.SCHEMA_UNFIT, f"schema {number} is of type {schema.kind}, expected {kind}")
    return schema


def _descriptor_set(schema: Schema) -> bytes:
    """Return the descriptor set of a schema, which registries return as .proto text or as a descriptor in base64."""
    try:
        return _described([*schema.references, schema.definition])
    except (binascii.Error, ValueError, DecodeError):
        return compiled_texts(schema.definition, dict(zip(schema.names, schema.references, strict=True)))


def _described(texts: list[str]) -> bytes:
    files = FileDescriptorSet()
    for text in texts:
        files.file.append(FileDescriptorProto.FromString(base64.b64decode(text, validate=True)))
    return bytes(files.SerializeToString())
