"""The rows that were appended to a table since it was last read, so that a refresh need not read all of it again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import takewhile
from typing import Any

import pyarrow as pa
from pyiceberg.expressions import AlwaysTrue, BooleanExpression
from pyiceberg.io.pyarrow import ArrowScan
from pyiceberg.manifest import DataFile, ManifestContent, ManifestEntryStatus, ManifestFile
from pyiceberg.table import FileScanTask, Table
from pyiceberg.table.snapshots import Operation, Snapshot

from headrace.environment import iceberg
from headrace.upkeep.maintain.flink import line
from headrace.upkeep.maintain.live_files import Live, entries, manifests

EVERYTHING = AlwaysTrue()


@dataclass(frozen=True)
class Appended:
    """Rows appended to the table after the snapshot `since`; all its rows if that is None, or is gone.

    Where snapshots in between have expired, the files of the head are compared with those of `since`: rows of files
    that came are new, unless they were in files that went, because maintenance puts the same rows into other files.
    """

    table: Table
    since: int | None

    @property
    def head(self) -> int | None:
        """The snapshot to continue from next time; None for an empty table."""
        return self.table.metadata.current_snapshot_id

    def batches(self, columns: tuple[str, ...], only: BooleanExpression = EVERYTHING) -> Iterator[pa.RecordBatch]:
        """Yield the `columns` of the rows that `only` selects, file after file; a row of `moved` is among them again.

        Raises PlatformError.
        """
        yield from self._read(self._came, columns, only)

    def moved(self, columns: tuple[str, ...], only: BooleanExpression = EVERYTHING) -> Iterator[pa.RecordBatch]:
        """Yield the rows that `batches` yields although they are not new; empty unless snapshots have expired."""
        if self._compared:
            partitions = {partition(each) for each in self._came()}
            # A partition without a new file was deleted as a whole.
            gone = [each for each in self._compared.went if partition(each) in partitions]
            yield from self._read(lambda: iter(gone), columns, only)

    @property
    def goes_on(self) -> bool:
        """Whether these are only the rows after `since`, not all rows of the table."""
        return self._in_line or self._compared is not None

    @property
    def rolled_back(self) -> bool:
        """Whether the snapshot `since` is known to be no ancestor of the table's head; False if it may have expired."""
        if self.since is None or self._in_line:
            return False
        oldest = self._line[-1] if self._line else None
        if oldest is None or (oldest.parent_snapshot_id is None and (oldest.sequence_number or 0) <= 1):
            return True  # the line is whole
        # Numbers only grow: had it been an ancestor, it would be between the others.
        before = self.table.metadata.snapshot_by_id(self.since)
        return before is not None and (before.sequence_number or 0) > (oldest.sequence_number or 0)

    def _read(
        self, files: Callable[[], Iterator[DataFile]], columns: tuple[str, ...], only: BooleanExpression
    ) -> Iterator[pa.RecordBatch]:
        with iceberg.errors_reported(f"table {'.'.join(self.table.name())} cannot be read"):
            scan = self.table.scan(row_filter=only, selected_fields=columns)
            arrow = ArrowScan(scan.table_metadata, scan.io, scan.projection(), scan.row_filter)
            for each in files():
                yield from arrow.to_record_batches([FileScanTask(each)])

    def _came(self) -> Iterator[DataFile]:
        if self._in_line:
            for snapshot in takewhile(lambda each: each.snapshot_id != self.since, self._line):
                yield from self._added(snapshot)
        elif self._compared:
            yield from self._compared.came
        else:
            yield from Live.of(self.table).files

    @cached_property
    def _line(self) -> list[Snapshot]:
        return line(self.table.metadata, self.head)

    @cached_property
    def _in_line(self) -> bool:
        return any(each.snapshot_id == self.since for each in self._line)

    @cached_property
    def _compared(self) -> Difference | None:
        """The files that differ from those of `since`, if that is still there and cannot be reached from the head."""
        before = None if self.since is None else self.table.metadata.snapshot_by_id(self.since)
        if before is None or self._in_line or self.rolled_back:
            return None
        return Difference.between(self.table, before)

    def _added(self, snapshot: Snapshot) -> Iterator[DataFile]:
        # Maintenance puts the same rows into other files: the operation of its snapshots is `replace`.
        if snapshot.summary is None or snapshot.summary.operation != Operation.APPEND:
            return
        for manifest in snapshot.manifests(self.table.io):
            if manifest.added_snapshot_id == snapshot.snapshot_id:
                for entry in manifest.fetch_manifest_entry(self.table.io, discard_deleted=True):
                    if entry.status == ManifestEntryStatus.ADDED:
                        yield entry.data_file


@dataclass(frozen=True)
class Difference:
    """The data files that came to a table, and those that went."""

    came: tuple[DataFile, ...]
    went: tuple[DataFile, ...]

    @classmethod
    def between(cls, table: Table, before: Snapshot) -> Difference:
        """Return what the table has now and did not have `before`, and the other way round.

        Manifests that are the same are not opened.
        """
        head = table.current_snapshot()
        now, then = manifests(table.io, [head] if head else []), manifests(table.io, [before])
        ours, theirs = _files(table, now, then), _files(table, then, now)
        return cls(
            tuple(each for path, each in ours.items() if path not in theirs),
            tuple(each for path, each in theirs.items() if path not in ours),
        )


def partition(file: DataFile) -> tuple[Any, ...]:
    """Return the partition spec of the file and its values."""
    return file.spec_id, *(file.partition[number] for number in range(len(file.partition)))


def _files(table: Table, of: Mapping[str, ManifestFile], without: Mapping[str, ManifestFile]) -> dict[str, DataFile]:
    own = (each for path, each in of.items() if path not in without and each.content == ManifestContent.DATA)
    return {each.file_path: each for each in entries(table.io, own)}
