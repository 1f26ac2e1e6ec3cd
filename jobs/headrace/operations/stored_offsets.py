"""Read which records of a topic a job has stored, by partition and offset, from the Iceberg tables alone.

There are two ways to look at the same rows: `stored` keeps each row's position, to find what is missing or repeated;
`stored_runs` keeps runs of offsets and the latest time, to find how far a partition is complete.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyiceberg.catalog import Catalog
from pyiceberg.expressions import AlwaysTrue, And, BooleanExpression
from pyiceberg.table import Table

from headrace.environment import iceberg
from headrace.operations import deleted_rows
from headrace.operations.offset_runs import NONE, Offsets, Runs, runs, union
from headrace.project.job import Job
from headrace.project.system_tables import DEAD_LETTERS, MARKERS, POSITION

Positions = NDArray[np.int64]
"""A reading's offset and, in the low INDEX_BITS, its number in the message: one integer to sort and compare by."""
Partition = tuple[str, int]
"""A topic and the number of one of its partitions."""

INDEX_BITS = 20
_EVERYTHING = AlwaysTrue()


def positions(offsets: Offsets, index: NDArray[np.integer[Any]]) -> Positions:
    """Return positions of offsets up to 2^43, each with a number in its message below 2^INDEX_BITS."""
    return (offsets << INDEX_BITS) | index


@dataclass(frozen=True)
class Stored:
    """Sorted positions in one partition, one per stored row: `good` in the sinks, `dead` in dead letters.

    `marks` are those of messages that have no row by design. `deleted` are the runs of offsets whose rows the
    retention of the tables deleted.
    """

    good: Positions
    dead: Positions
    deleted: Runs = field(default_factory=lambda: NONE)
    marks: Positions = field(default_factory=lambda: np.empty(0, np.int64))

    @property
    def offsets(self) -> Offsets:
        """The offsets of the messages that have or had one row or more; sorted, each once."""
        gone = [np.arange(first, end) for first, end in self.deleted.tolist()]
        offsets: Offsets = np.unique(np.concatenate([self._stored, *gone]))
        return offsets

    @property
    def only_deleted(self) -> Offsets:
        """The offsets of the messages all of whose rows retention deleted; sorted, each once."""
        deleted: Offsets = np.setdiff1d(self.offsets, self._stored, assume_unique=False)
        return deleted

    @property
    def _stored(self) -> Offsets:
        offsets: Offsets = self._rows >> INDEX_BITS
        return offsets

    @property
    def _rows(self) -> Positions:
        return np.concatenate([self.good, self.dead, self.marks])

    @property
    def repeated(self) -> Offsets:
        """The offsets of the messages with a row that is stored more than once; sorted, each once."""
        distinct, rows = np.unique(self._rows, return_counts=True)
        repeated: Offsets = np.unique(distinct[rows > 1] >> INDEX_BITS)
        return repeated


@dataclass
class StoredRuns:
    """The `offsets` of one partition that have rows, and the latest `ts` of the rows; None without such a column."""

    offsets: Runs = field(default_factory=lambda: NONE)
    last_ts: datetime | None = None


class Rows(Protocol):
    """Rows of a table that can be read: all of them, or those that are new since some snapshot."""

    @property
    def table(self) -> Table:
        """The table that the rows are in."""

    def batches(self, columns: tuple[str, ...], only: BooleanExpression = ...) -> Iterator[pa.RecordBatch]:
        """Yield the `columns` of the rows that `only` selects. Raises PlatformError."""


@dataclass(frozen=True)
class AllRows:
    """Every row of a table."""

    table: Table

    def batches(self, columns: tuple[str, ...], only: BooleanExpression = _EVERYTHING) -> Iterator[pa.RecordBatch]:
        """Yield the `columns` of the rows that `only` selects. Raises PlatformError."""
        with iceberg.errors_reported(f"table {'.'.join(self.table.name())} cannot be read"):
            yield from self.table.scan(row_filter=only, selected_fields=columns).to_arrow_batch_reader()


def stored(catalog: Catalog, job: Job, topic: str) -> dict[int, Stored]:
    """Return what the job has stored of `topic`, by partition number; a partition without a row is left out.

    Only sinks that keep a record's position count, with what their retention deleted. It takes 16 bytes of memory per
    stored record.
    """
    good: dict[int, list[Positions]] = defaultdict(list)
    dead: dict[int, list[Positions]] = defaultdict(list)
    marks: dict[int, list[Positions]] = defaultdict(list)
    names = [*job.tables_written, DEAD_LETTERS, *([MARKERS] if catalog.table_exists(MARKERS) else [])]
    tables = [AllRows(iceberg.load_table(catalog, name)) for name in names]
    of_topic = iceberg.equals("src_topic", topic)
    for name, (_, partition), rows in _by_partition(job.name, tables, of_topic, POSITION):
        offsets, index = (_numbers(rows[column]) for column in POSITION[2:])
        kept = {DEAD_LETTERS: dead, MARKERS: marks}.get(name, good)
        kept[partition].append(positions(offsets, index))
    # After the tables: rows that are deleted in between are recorded by then.
    deleted = {p: runs for (of, p), runs in deleted_runs(catalog, job).items() if of == topic}
    return {
        p: Stored(_sorted(good.get(p)), _sorted(dead.get(p)), deleted.get(p, NONE), _sorted(marks.get(p)))
        for p in sorted(good.keys() | dead.keys() | marks.keys() | deleted.keys())
    }


def deleted_runs(catalog: Catalog, job: Job) -> Mapping[Partition, Runs]:
    """Return the runs of offsets of the job's rows that the retention of its tables deleted. Raises PlatformError."""
    return deleted_rows.offsets(deleted_rows.of(catalog, (*job.tables_written, DEAD_LETTERS, MARKERS)), job.name)


def stored_runs(job: str, tables: Iterable[Rows]) -> defaultdict[Partition, StoredRuns]:
    """Return the runs of offsets that the job has rows of in `tables`, by topic and partition; no runs of others."""
    parts: defaultdict[Partition, StoredRuns] = defaultdict(StoredRuns)
    for _, partition, rows in _by_partition(job, tables, _EVERYTHING, POSITION[:3], ("ts",)):
        part = parts[partition]
        part.offsets = union(part.offsets, runs(_numbers(rows["src_offset"])))
        if "ts" in rows.column_names:
            part.last_ts = latest(part.last_ts, pc.max(rows["ts"]).as_py())
    return parts


def latest(*times: datetime | None) -> datetime | None:
    """Return the latest of the times that are not None; None if all are None."""
    return max((each for each in times if each), default=None)


def _by_partition(
    job: str,
    tables: Iterable[Rows],
    only: BooleanExpression,
    columns: tuple[str, ...],
    optional: tuple[str, ...] = (),
) -> Iterator[tuple[str, Partition, pa.Table]]:
    """Yield a table's name, a partition, and its rows with the `columns` and those `optional` ones that the table has.

    Dead letters and markers of other jobs are left out, and so is a table that lacks one of the `columns`.
    """
    for each in tables:
        name, known = ".".join(each.table.name()), each.table.schema().column_names
        if not set(columns) <= set(known):
            continue
        selected = And(only, iceberg.equals("job", job)) if name in (DEAD_LETTERS, MARKERS) else only
        for batch in each.batches((*columns, *(column for column in optional if column in known)), selected):
            rows = pa.Table.from_batches([batch])
            for key in rows.select(POSITION[:2]).group_by(list(POSITION[:2])).aggregate([]).to_pylist():
                topic, number = key["src_topic"], key["src_partition"]
                mask = pc.and_(pc.equal(rows["src_topic"], topic), pc.equal(rows["src_partition"], number))
                yield name, (topic, number), rows.filter(mask)


def _numbers(column: pa.ChunkedArray) -> NDArray[np.int64]:
    numbers: NDArray[np.int64] = column.combine_chunks().to_numpy(zero_copy_only=False).astype(np.int64)
    return numbers


def _sorted(parts: list[Positions] | None) -> Positions:
    return np.sort(np.concatenate(parts)) if parts else np.empty(0, np.int64)
