"""Schemas that payloads name by their ids, from a registry or given outright."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


class RegistryFailed(RuntimeError):
    """The registry did not return a schema, for a reason that no record caused. The message contains no secret."""


class UnknownSchema(LookupError):
    """The registry has no schema with this id."""


@dataclass(frozen=True)
class Schema:
    """A schema as Avro JSON, and the schemas that it refers to, each after those that it refers to in turn."""

    definition: str
    references: tuple[str, ...] = ()


class Schemas(Protocol):
    """A lookup of the schemas of payloads."""

    def schema(self, number: int) -> Schema:
        """Return the schema with this id. Raises UnknownSchema and RegistryFailed."""


@dataclass(frozen=True)
class GivenSchemas:
    """Schemas by id, given as Avro JSON instead of an address of a registry."""

    by_id: dict[int, str]

    def open(self) -> GivenSchemas:
        """Return the schemas themselves."""
        return self

    def schema(self, number: int) -> Schema:
        """Return the schema with this id. Raises UnknownSchema."""
        if number not in self.by_id:
            raise UnknownSchema(f"there is no schema {number}")
        return Schema(self.by_id[number])

    def close(self) -> None:
        """Do nothing: no resource is held."""
