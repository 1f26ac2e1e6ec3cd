"""Schemas that payloads name by their ids, from a registry or given outright."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

SchemaId = int | UUID
"""How a payload names a schema: the id that its registry gave it, or its GUID, which is the same in all registries."""


class RegistryFailed(RuntimeError):
    """The registry did not return a schema, for a reason that no record caused. The message contains no secret."""


class UnknownSchema(LookupError):
    """The registry has no schema with this id."""


@dataclass(frozen=True)
class Schema:
    """A schema as text, and the schemas that it refers to, each after those that it refers to in turn.

    kind: AVRO, JSON or PROTOBUF. names: the name under which each of `references` is referred to.
    """

    definition: str
    references: tuple[str, ...] = ()
    kind: str = "AVRO"
    names: tuple[str, ...] = ()


class Schemas(Protocol):
    """A lookup of the schemas of payloads."""

    def schema(self, number: SchemaId) -> Schema:
        """Return the schema with this id. Raises UnknownSchema and RegistryFailed."""


@dataclass(frozen=True)
class GivenSchemas:
    """Schemas by id, given instead of an address of a registry; a text is Avro JSON."""

    by_id: Mapping[int, str | Schema] | Mapping[SchemaId, str | Schema]

    def open(self) -> GivenSchemas:
        """Return the schemas themselves."""
        return self

    def schema(self, number: SchemaId) -> Schema:
        """Return the schema with this id. Raises UnknownSchema."""
        found = self.by_id.get(number)  # type: ignore[arg-type]  # a GUID is not in a mapping of numbers
        if found is None:
            raise UnknownSchema(f"there is no schema {number}")
        return found if isinstance(found, Schema) else Schema(found)

    def close(self) -> None:
        """Do nothing: no resource is held."""
