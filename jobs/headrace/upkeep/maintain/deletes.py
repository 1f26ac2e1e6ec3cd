"""Which rows of a table its delete files delete: by sequence number, partition, and position or key."""

from __future__ import annotations

import struct
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyiceberg.conversions import from_bytes
from pyiceberg.expressions import AlwaysTrue
from pyiceberg.io.pyarrow import ArrowScan, _read_deletes
from pyiceberg.manifest import DataFile, DataFileContent
from pyiceberg.schema import Schema
from pyiceberg.table import FileScanTask, Table
from pyiceberg.types import NestedField, PrimitiveType

from headrace.errors import PlatformError
from headrace.upkeep.maintain.live_files import LiveFile

Key = tuple[int, ...]
"""The field ids of the columns whose values an equality delete lists."""
_PATH = 2147483546
"""The field id of the paths that a file of position deletes lists."""


def by_key(delete: LiveFile) -> bool:
    """Whether the file lists values of columns: an equality delete. Otherwise it lists positions in files."""
    return delete.file.content == DataFileContent.EQUALITY_DELETES


def partition(file: DataFile) -> tuple[Any, ...]:
    """Return the file's partition: the id of its layout, and the values."""
    return file.spec_id, *(file.partition[i] for i in range(len(file.partition)))


class Deletes:
    """The delete files of a table.

    An equality delete deletes the rows, in data files with a lower sequence number, whose columns equal one of its
    rows; null equals null. A position delete deletes the rows that it names, in data files with the same or a lower
    one. Both delete rows of their own partition; an equality delete whose layout has no partitions deletes everywhere.
    """

    def __init__(self, table: Table, files: Iterable[LiveFile]) -> None:
        """Index the delete `files` of the table."""
        self._table = table
        self._files = tuple(files)
        self._by_partition: dict[tuple[Any, ...], list[LiveFile]] = defaultdict(list)
        self._everywhere: list[LiveFile] = []
        for each in self._files:
            everywhere = by_key(each) and not table.specs()[each.file.spec_id].fields
            (self._everywhere if everywhere else self._by_partition[partition(each.file)]).append(each)
        self._paths = cache(lambda file: _read_deletes(table.io, file))
        self._range = cache(self._read_range)

    def of(self, data: LiveFile) -> tuple[LiveFile, ...]:
        """Return the files that delete rows of the data file, or may do so by the bounds of their keys."""
        candidates = (*self._everywhere, *self._by_partition.get(partition(data.file), ()))
        return tuple(each for each in candidates if self._reaches(each, data))

    def unneeded(self, data: Iterable[LiveFile]) -> list[LiveFile]:
        """Return the files that delete no row of the `data` files, which are all of the table."""
        needed = {delete for each in data for delete in self.of(each)}
        return [each for each in self._files if each not in needed]

    def positions(self, data: LiveFile, files: Iterable[LiveFile]) -> list[pa.ChunkedArray]:
        """Return the positions of rows of the data file that those of `files` delete that list positions."""
        listed = [self._paths(each.file) for each in files if not by_key(each)]
        return [each[data.file.file_path] for each in listed if data.file.file_path in each]

    def keys(self, files: Iterable[LiveFile]) -> Iterator[tuple[Key, int, pa.RecordBatch]]:
        """Yield the key, the sequence number and the rows of those of `files` that list values; columns as in `column`.

        Raises PlatformError if a key has a field that never was a column.
        """
        for each in filter(by_key, files):
            key = tuple(each.file.equality_ids or ())
            for batch in read(self._table, each.file, Schema(*(column(self._table, number) for number in key))):
                yield key, each.sequence, batch

    def _reaches(self, delete: LiveFile, data: LiveFile) -> bool:
        if by_key(delete):
            key = delete.file.equality_ids or ()
            return data.sequence < delete.sequence and all(self._overlap(delete, data, number) for number in key)
        path = data.file.file_path
        low, high = ((each or {}).get(_PATH) for each in (delete.file.lower_bounds, delete.file.upper_bounds))
        if data.sequence > delete.sequence or (low or b"") > path.encode() or (high and path.encode() > high):
            return False
        return path in self._paths(delete.file)

    def _overlap(self, delete: LiveFile, data: LiveFile, number: int) -> bool:
        """Whether both files may have the same value of a column, by their statistics."""
        if _may_have_null(delete.file, number) and _may_have_null(data.file, number):
            return True
        (low, high), (first, last) = self._range(delete.file, number), self._range(data.file, number)
        return None in (low, high, first, last) or (low <= last and first <= high)

    def _read_range(self, file: DataFile, number: int) -> tuple[Any, Any]:
        kind = column(self._table, number).field_type
        return _bound(kind, file.lower_bounds, number), _bound(kind, file.upper_bounds, number)


def column(table: Table, number: int) -> NestedField:
    """Return the column with this field id, optional and named by the id; also one that the table no longer has.

    Raises PlatformError if it never was a column.
    """
    schemas = (table.schema(), *reversed(table.metadata.schemas))
    for field in (field for schema in schemas for field in schema.fields):
        if field.field_id == number:
            return NestedField(number, str(number), field.field_type, required=False)
    raise PlatformError(f"rows are deleted by field {number}, which is not a column", ".".join(table.name()))


def read(
    table: Table, file: DataFile, schema: Schema, positions: Sequence[pa.ChunkedArray] = ()
) -> Iterator[pa.RecordBatch]:
    """Yield the file's rows in the columns of `schema`, by field id, without those at the deleted `positions`."""
    scan = ArrowScan(table.metadata, table.io, schema, AlwaysTrue())
    deleted = {file.file_path: [*positions]} if positions else {}
    yield from scan._record_batches_from_scan_tasks_and_deletes([FileScanTask(file)], deleted)


def distinct(positions: list[pa.ChunkedArray]) -> int:
    """Return the number of distinct positions; a position may be listed several times."""
    return len(pc.unique(pa.chunked_array([chunk for each in positions for chunk in each.chunks], pa.int64())))


def _may_have_null(file: DataFile, number: int) -> bool:
    return (file.null_value_counts or {}).get(number) != 0


def _bound(kind: Any, bounds: dict[int, bytes] | None, number: int) -> Any:
    """Return a bound of the file's values, or None if the file has no bound of the column's current type."""
    raw = (bounds or {}).get(number)
    if raw is None or not isinstance(kind, PrimitiveType):
        return None
    try:
        return from_bytes(kind, raw)
    except struct.error:
        return None
