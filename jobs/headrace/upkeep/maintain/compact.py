"""Rewrite groups of files, each as one sorted run that replaces the group."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any
from uuid import uuid4

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from pyiceberg.catalog import Catalog
from pyiceberg.expressions import AlwaysTrue
from pyiceberg.io.pyarrow import (
    ArrowScan,
    _get_parquet_writer_kwargs,
    compute_statistics_plan,
    data_file_statistics_from_parquet_metadata,
    parquet_path_to_id_mapping,
    schema_to_pyarrow,
)
from pyiceberg.manifest import DataFile, DataFileContent, FileFormat
from pyiceberg.table import FileScanTask, Table
from pyiceberg.table.sorting import NullOrder, SortDirection

from headrace.environment import iceberg, warehouse
from headrace.errors import PlatformError
from headrace.upkeep.maintain.choose import Group, target_bytes
from headrace.upkeep.maintain.live_files import Live
from headrace.upkeep.maintain.replace import Replace
from headrace.upkeep.maintain.report import Rewritten

# Rows per row group: these are in memory next to DuckDB's sort, and a file's size is checked after each row group.
_ROWS_AT_ONCE = 32_768
_SORTED_IN = "1GiB"


def before(group: Group) -> Rewritten:
    """Return the report of a group that is not rewritten yet."""
    return Rewritten(group.partition, group.closed, group.rows, len(group.files), group.bytes)


def compact(
    catalog: Catalog, name: str, table: Table, groups: Iterable[Group], progress: Callable[[Group], None]
) -> list[Rewritten]:
    """Rewrite each group and commit all of them at once; `progress` is called with each group before it is read.

    A group is left out if another writer has replaced one of its files. All groups are left out if the table's schema,
    partition spec or sort order has changed, or if it has delete files. Files written for a group that is left out
    become orphans, as do those of an attempt that never commits. Raises PlatformError.
    """
    written = {}
    for each in groups:
        progress(each)
        written[each] = _written(name, table, each)
    replaced = iceberg.commit(name, partial(_replace, catalog, name, table, written))
    return [_done(each, written[each]) for each in replaced]


def _written(name: str, table: Table, group: Group) -> list[DataFile]:
    with iceberg.errors_reported(f"{group.partition} of table {name} cannot be rewritten"):
        written = list(_rewrite(table, group))
    if (rows := sum(each.record_count for each in written)) != group.rows:
        raise PlatformError(
            f"{group.partition} has {group.rows:,} rows by its metadata, and {rows:,} were read: it is left as it is",
            name,
        )
    return written


def _replace(catalog: Catalog, name: str, read: Table, written: Mapping[Group, list[DataFile]]) -> list[Group]:
    table = iceberg.load_table(catalog, name)
    live = Live.of(table)
    if _shape(table) != _shape(read) or live.deletes:
        return []
    paths = {each.file_path for each in live.files}
    whole = [group for group in written if paths.issuperset(each.file_path for each in group.files)]
    if whole:
        with table.transaction() as transaction, Replace(transaction, table) as snapshot:
            for group in whole:
                for each in group.files:
                    snapshot.delete_data_file(each)
                for each in written[group]:
                    snapshot.append_data_file(each)
    return whole


def _done(group: Group, written: list[DataFile]) -> Rewritten:
    return replace(
        before(group), files_after=len(written), bytes_after=sum(each.file_size_in_bytes for each in written)
    )


def _shape(table: Table) -> tuple[int | None, ...]:
    """Return the ids of what files are written by: schema, partition spec and order. `tables apply` may change them."""
    metadata = table.metadata
    return metadata.current_schema_id, metadata.default_spec_id, metadata.default_sort_order_id


def _rewrite(table: Table, group: Group) -> Iterator[DataFile]:
    schema = schema_to_pyarrow(table.schema())
    with _ordered(table, _batches(table, group, schema)) as batches:
        waiting = next(batches, None)
        while waiting is not None:
            path = f"{group.partition}/{uuid4().hex}.parquet" if table.spec().fields else f"{uuid4().hex}.parquet"
            output = table.io.new_output(table.location_provider().new_data_location(path))
            sink: Any = output.create()  # pyiceberg's type does not declare tell()
            with sink as stream:
                options = _get_parquet_writer_kwargs(table.properties)
                with pq.ParquetWriter(stream, schema, store_decimal_as_integer=True, **options) as writer:
                    while waiting is not None and stream.tell() < target_bytes(table):
                        writer.write_table(pa.Table.from_batches([waiting]).cast(schema), row_group_size=_ROWS_AT_ONCE)
                        waiting = next(batches, None)
            yield _described(table, group, output.location, len(output), writer.writer.metadata)


def _described(table: Table, group: Group, path: str, size: int, metadata: pq.FileMetaData) -> DataFile:
    statistics = data_file_statistics_from_parquet_metadata(
        parquet_metadata=metadata,
        stats_columns=compute_statistics_plan(table.schema(), table.properties),
        parquet_column_mapping=parquet_path_to_id_mapping(table.schema()),
    )
    return DataFile.from_args(
        content=DataFileContent.DATA,
        file_path=path,
        file_format=FileFormat.PARQUET,
        partition=group.files[0].partition,
        file_size_in_bytes=size,
        # Only for a closed partition: an open one gets more runs, which are sorted into one once it is closed.
        sort_order_id=table.sort_order().order_id if group.closed else None,
        spec_id=group.files[0].spec_id,
        equality_ids=None,
        key_metadata=None,
        **statistics.to_serialized_dict(),
    )


def _batches(table: Table, group: Group, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """Yield the rows in the current schema, one file after the other: pyiceberg would read all files at once."""
    scan = ArrowScan(table.metadata, table.io, table.schema(), AlwaysTrue())
    for each in group.files:
        for batch in scan._record_batches_from_scan_tasks_and_deletes([FileScanTask(each)], {}):
            yield from pa.Table.from_batches([batch]).cast(schema).to_batches()


@contextmanager
def _ordered(table: Table, batches: Iterator[pa.RecordBatch]) -> Iterator[Iterator[pa.RecordBatch]]:
    """Yield the rows in the table's sort order, in batches; DuckDB spills what exceeds _SORTED_IN to disk."""
    order = ", ".join(
        f'"{table.schema().find_column_name(field.source_id)}"'
        f" {'desc' if field.direction == SortDirection.DESC else 'asc'}"
        f" nulls {'first' if field.null_order == NullOrder.NULLS_FIRST else 'last'}"
        for field in table.sort_order().fields
    )
    with (
        tempfile.TemporaryDirectory(prefix="headrace-") as spilled,
        duckdb.connect(config={"temp_directory": spilled, "autoload_known_extensions": False}) as connection,
        warehouse.errors_reported(),
    ):
        connection.execute("set memory_limit = ?", [_SORTED_IN])
        connection.from_arrow(schema_to_pyarrow(table.schema()).empty_table()).create("stored")
        # If DuckDB read the batches while sorting, it would hold each of them until the end.
        for batch in batches:
            connection.from_arrow(pa.Table.from_batches([batch])).insert_into("stored")
        rows = connection.table("stored")
        rows = rows.order(order) if order else rows
        yield iter(rows.to_arrow_reader(_ROWS_AT_ONCE))
