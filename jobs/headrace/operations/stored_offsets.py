"""Which records of a topic a job has stored, by partition and offset, read from the Iceberg tables alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyiceberg.catalog import Catalog
from pyiceberg.expressions import And, BooleanExpression

from headrace.environment import iceberg
from headrace.project.job import Job
from headrace.project.system_tables import DEAD_LETTERS, POSITION

Offsets = NDArray[np.int64]
Positions = NDArray[np.int64]
"""A reading's offset and, in the low INDEX_BITS, its number in the message: one integer to sort and compare by."""

INDEX_BITS = 20


def positions(offsets: Offsets, index: NDArray[np.integer[Any]]) -> Positions:
    """Offsets up to 2^43, each with a number in its message below 2^INDEX_BITS, as positions."""
    return (offsets << INDEX_BITS) | index


@dataclass(frozen=True)
class Stored:
    """Positions in one partition, sorted, one a stored row: `good` in the sinks, `dead` in dead letters."""

    good: Positions
    dead: Positions

    @property
    def offsets(self) -> Offsets:
        """The offsets of the messages that left a row or more, sorted, each once."""
        offsets: Offsets = np.unique(np.concatenate([self.good, self.dead]) >> INDEX_BITS)
        return offsets

    @property
    def repeated(self) -> Offsets:
        """The offsets of those that left one twice."""
        distinct, rows = np.unique(np.concatenate([self.good, self.dead]), return_counts=True)
        repeated: Offsets = np.unique(distinct[rows > 1] >> INDEX_BITS)
        return repeated


def stored(catalog: Catalog, job: Job, topic: str) -> dict[int, Stored]:
    """What the job has stored of `topic`, by partition; a partition with no row is left out.

    Only sinks that keep a record's position count. 16 bytes of memory a stored record.
    """
    good: dict[int, list[Positions]] = {}
    dead: dict[int, list[Positions]] = {}
    for sink in job.tables_written:
        _collect(catalog, sink, iceberg.equals("src_topic", topic), good)
    _collect(catalog, DEAD_LETTERS, And(iceberg.equals("src_topic", topic), iceberg.equals("job", job.name)), dead)
    return {p: Stored(_sorted(good.get(p)), _sorted(dead.get(p))) for p in sorted(good.keys() | dead.keys())}


def runs(offsets: Offsets) -> list[tuple[int, int]]:
    """Sorted, distinct offsets as [first, end) runs: 3, 4, 5, 9 is (3, 6), (9, 10)."""
    if not len(offsets):
        return []
    breaks = np.flatnonzero(np.diff(offsets) > 1)
    firsts = offsets[np.concatenate([[0], breaks + 1])]
    lasts = offsets[np.concatenate([breaks, [len(offsets) - 1]])]
    return [(int(a), int(b) + 1) for a, b in zip(firsts, lasts, strict=True)]


def _collect(catalog: Catalog, name: str, only: BooleanExpression, into: dict[int, list[Positions]]) -> None:
    table = iceberg.load_table(catalog, name)
    if not set(POSITION) <= set(table.schema().column_names):
        return
    for batch in table.scan(row_filter=only, selected_fields=POSITION[1:]).to_arrow_batch_reader():
        for partition, found in _by_partition(batch):
            into.setdefault(partition, []).append(found)


def _by_partition(batch: pa.RecordBatch) -> Iterator[tuple[int, Positions]]:
    partitions, offsets, index = (batch.column(name).to_numpy(zero_copy_only=False) for name in POSITION[1:])
    found = positions(offsets, index)
    for partition in pc.unique(batch.column("src_partition")).to_pylist():
        yield partition, found[partitions == partition]


def _sorted(parts: list[Positions] | None) -> Positions:
    return np.sort(np.concatenate(parts)) if parts else np.empty(0, np.int64)
