"""The values of messages that a job writes with a schema of a registry: the id of the schema, then Avro or Protobuf."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from headrace_udfs.formats.protobuf_schema import ProtobufSchema
from headrace_udfs.formats.write_avro import AvroWriter, Row, WrittenColumn
from headrace_udfs.formats.write_protobuf import ProtobufWriter, indexes
from headrace_udfs.registry import RegistryAddress
from headrace_udfs.schemas import RegistryFailed, Schema, UnknownSchema

HEAD = 5
"""The bytes of a zero byte and a schema's id, which a message begins with."""


class Writer(Protocol):
    """Writes rows with one schema, and reads them."""

    def body(self, row: Row) -> bytes:
        """Return the bytes of a row."""

    def row(self, body: bytes) -> dict[str, Any]:
        """Return the row of the bytes."""


@dataclass(frozen=True)
class Encoding:
    """How the values of a topic are written.

    topic: the topic in Kafka. subject: the subject that the registry has the schema under. columns: those of a value.
    message, descriptors: for Protobuf, the name of the message type, and the schema as protoc compiles it.
    """

    topic: str
    subject: str
    schema: Schema
    columns: tuple[WrittenColumn, ...]
    message: str | None = None
    descriptors: bytes | None = field(default=None, repr=False)

    @property
    def names(self) -> list[str]:
        """The names of the columns."""
        return [column.name for column in self.columns]

    def writer(self) -> Writer:
        """Return what writes the bytes after the schema's id."""
        if self.descriptors is None or self.message is None:
            return AvroWriter(self.schema.definition)
        return ProtobufWriter(self.descriptors, self.message, self.names)

    def head(self, number: int) -> bytes:
        """Return what is before these bytes, with the id of the schema; for Protobuf, with the place of the type."""
        head = b"\0" + number.to_bytes(HEAD - 1, "big")
        if self.descriptors is None or self.message is None:
            return head
        return head + indexes(ProtobufSchema(self.descriptors).message(self.message))

    def number(self, address: RegistryAddress) -> int:
        """Return the id of the schema in the registry. Raises RegistryFailed, also if the schema is not registered."""
        registry = address.open()
        try:
            return registry.id_of(self.subject, self.schema)
        except UnknownSchema:
            what = f"the schema registry has no such schema under {self.subject}, which {self.topic} is written with"
            raise RegistryFailed(f"{what}. fix: headrace tables apply registers it") from None
        finally:
            registry.close()

    def encoder(self, number: int) -> Callable[[Sequence[Any]], bytes]:
        """Return a function of the values of the columns, in their order, that returns the value of a message.

        It raises ValueError for a null in a column that is required.
        """
        head, writer = self.head(number), self.writer()

        def encoded(values: Sequence[Any]) -> bytes:
            row = dict(zip(self.names, values, strict=True))
            if absent := [each.name for each in self.columns if each.required and row[each.name] is None]:
                raise ValueError(f"{self.topic}: '{absent[0]}' is null, and required")
            return head + writer.body(row)

        return encoded

    def decoded(self, value: bytes) -> dict[str, Any]:
        """Return the row of a message's value that this encoding has written."""
        return self.writer().row(value[len(self.head(0)) :])
