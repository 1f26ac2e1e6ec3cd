"""Readings out of files: from where their footers point to; by pyiceberg where a file is not as the table is."""

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

# Files looked into at a time, and pieces of them read: what is read waits in memory until it is asked for.
_AT_ONCE = 4

Piece = Callable[[], list[pa.RecordBatch]]


@dataclass(frozen=True)
class Scan:
    """What is asked for, in these columns."""

    table: Table
    footers: Footers
    columns: pa.Schema
    predicate: Predicate

    def batches(self, tasks: Iterable[FileScanTask]) -> Iterator[pa.RecordBatch]:
        """Of these files."""
        executor, left = ExecutorFactory.get_or_create(), iter(tasks)
        while some := list(islice(left, _AT_ONCE)):
            found = list(zip(some, executor.map(self._pieces, some), strict=True))
            pieces = chain.from_iterable(each for _, each in found if each is not None)
            while now := list(islice(pieces, _AT_ONCE)):
                yield from chain.from_iterable(executor.map(lambda piece: piece(), now))
            if others := [task for task, each in found if each is None]:
                yield from map(self._cast, self._arrow.to_record_batches(others))

    def _pieces(self, task: FileScanTask) -> list[Piece] | None:
        """What reads the file; None where it takes more: deletes, columns that have changed since, another format."""
        if task.delete_files or task.file.file_format != FileFormat.PARQUET:
            return None
        source, schema = self.table.io.new_input(task.file.file_path), self.table.schema()
        footer = self.footers.of(source, *(schema.find_field(name).field_id for name in ("tag", "ts")))
        numbers = [schema.find_field(name).field_id for name in self.columns.names]
        if not footer.has(dict(zip(numbers, self.columns.types, strict=True))):
            return None

        def read(groups: list[int]) -> list[pa.RecordBatch]:
            found = footer.read_groups(source, groups, numbers, self.predicate)
            return [self._cast(batch.rename_columns(self.columns.names)) for batch in found]

        return [partial(read, groups) for groups in footer.pieces(self.predicate)]

    @cached_property
    def _arrow(self) -> ArrowScan:
        scan = self.table.scan(row_filter=self.predicate.filter, selected_fields=tuple(self.columns.names))
        return ArrowScan(scan.table_metadata, scan.io, scan.projection(), scan.row_filter)

    def _cast(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        return batch.select(self.columns.names).cast(self.columns)
