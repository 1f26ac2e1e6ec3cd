"""The rows that were appended to a table since it was last read, so that a refresh need not read all of it again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import takewhile

import pyarrow as pa
from pyiceberg.expressions import AlwaysTrue, BooleanExpression
from pyiceberg.io.pyarrow import ArrowScan
from pyiceberg.manifest import DataFile, ManifestEntryStatus
from pyiceberg.table import FileScanTask, Table
from pyiceberg.table.snapshots import Operation, Snapshot

from headrace.environment import iceberg
from headrace.upkeep.maintain.flink import line
from headrace.upkeep.maintain.live_files import Live

EVERYTHING = AlwaysTrue()


@dataclass(frozen=True)
class Appended:
    """Rows appended to the table after the snapshot `since`; all its rows if that is None, or has expired."""

    table: Table
    since: int | None

    @property
    def head(self) -> int | None:
        """The snapshot to continue from next time; None for an empty table."""
        return self.table.metadata.current_snapshot_id

    def batches(self, columns: tuple[str, ...], only: BooleanExpression = EVERYTHING) -> Iterator[pa.RecordBatch]:
        """Yield the `columns` of the rows that `only` selects, file after file. Raises PlatformError."""
        with iceberg.errors_reported(f"table {'.'.join(self.table.name())} cannot be read"):
            scan = self.table.scan(row_filter=only, selected_fields=columns)
            arrow = ArrowScan(scan.table_metadata, scan.io, scan.projection(), scan.row_filter)
            for each in self._files():
                yield from arrow.to_record_batches([FileScanTask(each)])

    @property
    def goes_on(self) -> bool:
        """Whether these are only the rows after `since`, not all rows of the table."""
        return any(each.snapshot_id == self.since for each in self._line)

    @property
    def rolled_back(self) -> bool:
        """Whether the snapshot `since` is known to be no ancestor of the table's head; False if it may have expired."""
        if self.since is None or self.goes_on:
            return False
        whole = not self._line or self._line[-1].parent_snapshot_id is None
        return whole or any(each.snapshot_id == self.since for each in self.table.metadata.snapshots)

    def _files(self) -> Iterator[DataFile]:
        if not self.goes_on:
            yield from Live.of(self.table).files
            return
        for snapshot in takewhile(lambda each: each.snapshot_id != self.since, self._line):
            yield from self._added(snapshot)

    @cached_property
    def _line(self) -> list[Snapshot]:
        return line(self.table.metadata, self.head)

    def _added(self, snapshot: Snapshot) -> Iterator[DataFile]:
        # Maintenance puts the same rows into other files: the operation of its snapshots is `replace`.
        if snapshot.summary is None or snapshot.summary.operation != Operation.APPEND:
            return
        for manifest in snapshot.manifests(self.table.io):
            if manifest.added_snapshot_id == snapshot.snapshot_id:
                for entry in manifest.fetch_manifest_entry(self.table.io, discard_deleted=True):
                    if entry.status == ManifestEntryStatus.ADDED:
                        yield entry.data_file
