"""Read matching readings from data files.

Files are read by row groups; a file with deletes, or with other columns than the table, is read by pyiceberg.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import chain, islice

import pyarrow as pa
from pyiceberg.io.pyarrow import ArrowScan
from pyiceberg.manifest import FileFormat
from pyiceberg.table import FileScanTask, Table
from pyiceberg.utils.concurrent import ExecutorFactory

from headrace.historian.read.footers import Footers
from headrace.historian.read.predicate import Predicate

# Files opened at a time, and pieces of them read at a time: their rows wait in memory until the caller takes them.
_AT_ONCE = 4

Piece = Callable[[], list[pa.RecordBatch]]


@dataclass(frozen=True)
class Scan:
    """A scan of the readings that match `predicate`, in `columns`."""

    table: Table
    footers: Footers
    columns: pa.Schema
    predicate: Predicate

    def batches(self, tasks: Iterable[FileScanTask]) -> Iterator[pa.RecordBatch]:
        """Yield the matching readings of these files, file by file."""
        executor, left = ExecutorFactory.get_or_create(), iter(tasks)
        while group := list(islice(left, _AT_ONCE)):
            planned = list(zip(group, executor.map(self._pieces, group), strict=True))
            pieces = chain.from_iterable(each for _, each in planned if each is not None)
            while batch := list(islice(pieces, _AT_ONCE)):
                yield from chain.from_iterable(executor.map(lambda piece: piece(), batch))
            if others := [task for task, each in planned if each is None]:
                yield from map(self._cast, self._arrow.to_record_batches(others))

    def _pieces(self, task: FileScanTask) -> list[Piece] | None:
        """Return functions that read the file piece by piece.

        None if the file has deletes, was written before a change of the columns, or is not Parquet.
        """
        if task.delete_files or task.file.file_format != FileFormat.PARQUET:
            return None
        source, schema = self.table.io.new_input(task.file.file_path), self.table.schema()
        footer = self.footers.of(source, *(schema.find_field(name).field_id for name in ("tag", "ts")))
        numbers = [schema.find_field(name).field_id for name in self.columns.names]
        if not footer.has(dict(zip(numbers, self.columns.types, strict=True))):
            return None

        def read(groups: list[int]) -> list[pa.RecordBatch]:
            batches = footer.read_groups(source, groups, numbers, self.predicate)
            return [self._cast(batch.rename_columns(self.columns.names)) for batch in batches]

        return [partial(read, groups) for groups in footer.pieces(self.predicate)]

    @cached_property
    def _arrow(self) -> ArrowScan:
        scan = self.table.scan(row_filter=self.predicate.filter, selected_fields=tuple(self.columns.names))
        return ArrowScan(scan.table_metadata, scan.io, scan.projection(), scan.row_filter)

    def _cast(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        return batch.select(self.columns.names).cast(self.columns)
