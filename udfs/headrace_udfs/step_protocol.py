"""A step: what a reading passes through after it is decoded, in the same call and the same batch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Protocol

import pyarrow as pa

from headrace_udfs.types import ContractType

Columns = Mapping[str, pa.Array]


@dataclass(frozen=True)
class CatalogAddress:
    """An Iceberg catalog as pyiceberg is told of it; `${env:}` and `${file:}` in `properties` stand unresolved."""

    name: str
    properties: Mapping[str, str]


@dataclass(frozen=True)
class Worker:
    """What a step finds in the worker that it runs in: the catalog, and `count(name, n)` to add to a metric."""

    catalog: CatalogAddress | None
    count: Callable[[str, int], None]


class Step(Protocol):
    """Columns in, columns out, row for row. Pickled on its way to the worker, so that what is big belongs in `open`.

    needs: the columns it reads, of the contract or of a step before it. outputs: the columns it adds.
    """

    name: ClassVar[str]
    needs: ClassVar[tuple[str, ...]]
    outputs: ClassVar[Mapping[str, ContractType]]

    def open(self, worker: Worker) -> None:
        """Called once before the first batch."""

    def apply(self, columns: Columns) -> Columns:
        """The outputs for the good rows of a batch, typed as ARROW has it.

        The key column of the contract comes dictionary-encoded. What it raises sends the rows to dead letters that
        it also raises on when they come alone.
        """
        ...

    def close(self) -> None:
        """Called once after the last batch."""
