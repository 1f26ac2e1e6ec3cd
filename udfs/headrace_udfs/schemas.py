"""Schemas that payloads name by their ids, wherever they are known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


class RegistryFailed(RuntimeError):
    """The registry does not tell a schema, which is no record's fault. Its message holds no secret."""


class UnknownSchema(LookupError):
    """The registry knows no such schema."""


@dataclass(frozen=True)
class Schema:
    """A schema in Avro's JSON, and those that it refers to, each after all that it refers to itself."""

    written: str
    references: tuple[str, ...] = ()


class Schemas(Protocol):
    """Where the schemas of payloads are known."""

    def schema(self, number: int) -> Schema:
        """The schema of this id. Raises UnknownSchema and RegistryFailed."""


@dataclass(frozen=True)
class GivenSchemas:
    """Schemas by id, in the place of a registry."""

    by_id: dict[int, str]

    def open(self) -> GivenSchemas:
        return self

    def schema(self, number: int) -> Schema:
        if number not in self.by_id:
            raise UnknownSchema(f"there is no schema {number}")
        return Schema(self.by_id[number])

    def close(self) -> None:
        """Nothing is held."""
