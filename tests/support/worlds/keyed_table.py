"""A table that is written by key: data files, equality deletes and position deletes, as Flink and Spark write them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pyiceberg.io.pyarrow import (
    compute_statistics_plan,
    data_file_statistics_from_parquet_metadata,
    parquet_path_to_id_mapping,
    schema_to_pyarrow,
)
from pyiceberg.manifest import (
    DataFile,
    DataFileContent,
    FileFormat,
    ManifestContent,
    ManifestEntry,
    ManifestEntryStatus,
    ManifestFile,
)
from pyiceberg.schema import Schema
from pyiceberg.table import Table
from pyiceberg.table.snapshots import Operation
from pyiceberg.table.update.snapshot import _SnapshotProducer
from pyiceberg.typedef import Record
from pyiceberg.types import LongType, NestedField, StringType

from headrace.upkeep.maintain.live_files import Live, LiveFile
from headrace.upkeep.maintain.replace import DeletesWriter

_POSITIONS = Schema(
    NestedField(2147483546, "file_path", StringType(), required=True),
    NestedField(2147483545, "pos", LongType(), required=True),
)
_numbers = itertools.count()
Row = dict[str, Any]


@dataclass
class Delta:
    """What one snapshot adds to a table."""

    table: Table
    data: list[DataFile] = field(default_factory=list)
    deletes: list[DataFile] = field(default_factory=list)

    def add(self, rows: Sequence[Row], partition: Record, spec: int | None = None) -> DataFile:
        """Add a data file with the rows; return it."""
        schema = self.table.schema()
        self.data.append(self._file(rows, schema, partition, spec, content=DataFileContent.DATA))
        return self.data[-1]

    def delete_equal(
        self, rows: Sequence[Row], columns: Sequence[str], partition: Record, spec: int | None = None
    ) -> DataFile:
        """Add an equality delete of rows that equal one of `rows` in the columns; return it."""
        schema = self.table.schema().select(*columns)
        optional = [NestedField(each.field_id, each.name, each.field_type) for each in schema.fields]
        kind = DataFileContent.EQUALITY_DELETES
        ids = [each.field_id for each in optional]
        self.deletes.append(self._file(rows, Schema(*optional), partition, spec, content=kind, ids=ids))
        return self.deletes[-1]

    def delete_at(self, places: Sequence[tuple[DataFile, int]], partition: Record, spec: int | None = None) -> DataFile:
        """Add a position delete of the rows at these places, a file and a number from 0; return it."""
        rows = sorted(
            ({"file_path": file.file_path, "pos": pos} for file, pos in places), key=lambda row: [*row.values()]
        )
        self.deletes.append(self._file(rows, _POSITIONS, partition, spec, content=DataFileContent.POSITION_DELETES))
        return self.deletes[-1]

    def commit(self) -> None:
        """Commit the files in one snapshot."""
        with self.table.transaction() as transaction:
            snapshot = _Snapshot(Operation.APPEND, transaction, self.table.io)
            snapshot.files = self.data, self.deletes
            for each in self.data:
                snapshot.append_data_file(each)
            snapshot.commit()

    def _file(
        self,
        rows: Sequence[Row],
        schema: Schema,
        partition: Record,
        spec: int | None,
        *,
        content: DataFileContent,
        ids: list[int] | None = None,
    ) -> DataFile:
        path = f"{self.table.location()}/data/{next(_numbers):05}-{content.name.lower()}.parquet"
        output = self.table.io.new_output(path)
        with output.create() as stream:
            written = pq.ParquetWriter(stream, schema_to_pyarrow(schema))
            written.write_table(pa.Table.from_pylist([*rows], schema_to_pyarrow(schema)))
            written.close()
        statistics = data_file_statistics_from_parquet_metadata(
            written.writer.metadata, compute_statistics_plan(schema, {}), parquet_path_to_id_mapping(schema)
        )
        file = DataFile.from_args(
            content=content,
            file_path=path,
            file_format=FileFormat.PARQUET,
            partition=partition,
            file_size_in_bytes=len(output),
            sort_order_id=None,
            equality_ids=ids,
            key_metadata=None,
            **statistics.to_serialized_dict(),
        )
        file.spec_id = self.table.spec().spec_id if spec is None else spec
        return file


class _Snapshot(_SnapshotProducer["_Snapshot"]):
    files: tuple[list[DataFile], list[DataFile]] = [], []

    def _manifests(self) -> list[ManifestFile]:
        data, deletes = self.files
        head = self._transaction.table_metadata.current_snapshot()
        written = [
            *self._grouped(data, ManifestContent.DATA),
            *self._grouped(deletes, ManifestContent.DELETES),
        ]
        return [*written, *(head.manifests(self._io) if head else [])]

    def _grouped(self, files: list[DataFile], content: ManifestContent) -> list[ManifestFile]:
        written = []
        for number in sorted({each.spec_id for each in files}):
            schema, output = self._transaction.table_metadata.schema(), self.new_manifest_output()
            with (
                DeletesWriter(self.spec(number), schema, output, self._snapshot_id, self._compression)
                if content == ManifestContent.DELETES
                else self.new_manifest_writer(self.spec(number))
            ) as writer:
                for each in files:
                    if each.spec_id == number:
                        entry = ManifestEntry.from_args(
                            status=ManifestEntryStatus.ADDED, snapshot_id=self._snapshot_id, data_file=each
                        )
                        writer.add_entry(entry)
            written.append(writer.to_manifest_file())
        return written

    def _existing_manifests(self) -> list[ManifestFile]:
        return []

    def _deleted_entries(self) -> list[ManifestEntry]:
        return []


def stored(table: Table) -> list[Row]:
    """Return the rows that the table's files and deletes make up, read one by one as the specification says."""
    live = Live.of(table)
    rows = []
    for data in live.data:
        for pos, row in enumerate(_read(table, data)):
            if not any(_deletes(table, each, data, pos, row) for each in live.deletes):
                rows.append(row)
    return rows


def _deletes(table: Table, delete: LiveFile, data: LiveFile, pos: int, row: Row) -> bool:
    same = (delete.file.spec_id, delete.file.partition) == (data.file.spec_id, data.file.partition)
    listed = _read(table, delete)
    if delete.file.content == DataFileContent.POSITION_DELETES:
        named = {"file_path": data.file.file_path, "pos": pos}
        return same and data.sequence <= delete.sequence and named in listed
    everywhere = not table.specs()[delete.file.spec_id].fields
    if not (same or everywhere) or data.sequence >= delete.sequence:
        return False
    return any(all(row[name] == value for name, value in each.items()) for each in listed)


def _read(table: Table, live: LiveFile) -> list[Row]:
    with table.io.new_input(live.file.file_path).open() as stream:
        rows: list[Row] = pq.read_table(stream).to_pylist()
    return rows
