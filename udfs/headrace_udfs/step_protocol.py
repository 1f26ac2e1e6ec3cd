"""The protocol of a step, which processes readings after they are decoded, in the same call and the same batch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Protocol

import pyarrow as pa

from headrace_udfs.types import ContractType

Columns = Mapping[str, pa.Array]
"""Arrow arrays of one length, by the name of the column."""


@dataclass(frozen=True)
class CatalogAddress:
    """The name and the pyiceberg properties of an Iceberg catalog, with references unresolved."""

    name: str
    properties: Mapping[str, str]


@dataclass(frozen=True)
class Worker:
    """The worker that a step runs in: its catalog, if any, and `count(name, n)`, which adds n to the metric `name`."""

    catalog: CatalogAddress | None
    count: Callable[[str, int], None]


class Step(Protocol):
    """Computes columns from columns, row by row.

    A step is pickled on its way to the worker, so anything large must be loaded in `open`.

    name: the name in job.yaml. needs: the columns it reads, from the contract or an earlier step. outputs: the columns
    it adds, with their types; one that it also needs is replaced, and keeps its type.
    """

    name: ClassVar[str]
    needs: ClassVar[tuple[str, ...]]
    outputs: ClassVar[Mapping[str, ContractType]]

    def open(self, worker: Worker) -> None:
        """Prepare to run; called once before the first batch."""

    def apply(self, columns: Columns) -> Columns:
        """Return `outputs` for the good rows of a batch: arrays as long as the input, of the types in ARROW.

        Texts of the contract's key and of steps have a dictionary; a step may return them plain. If the method raises,
        it is called again on parts of the batch; a row on which it raises even alone becomes a dead letter.
        """
        ...

    def close(self) -> None:
        """Release what `open` acquired; called once after the last batch."""
