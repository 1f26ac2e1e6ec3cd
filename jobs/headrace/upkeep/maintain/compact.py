"""Rewrite groups of files, each as one sorted run that replaces the group."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any
from uuid import uuid4

import pyarrow.parquet as pq
from pyiceberg.catalog import Catalog
from pyiceberg.io.pyarrow import (
    compute_statistics_plan,
    data_file_statistics_from_parquet_metadata,
    parquet_path_to_id_mapping,
    schema_to_pyarrow,
)
from pyiceberg.manifest import DataFile, DataFileContent, FileFormat
from pyiceberg.table import Table

from headrace.environment import iceberg
from headrace.errors import PlatformError
from headrace.upkeep.maintain.choose import Group, target_bytes
from headrace.upkeep.maintain.deletes import Deletes, by_key
from headrace.upkeep.maintain.encodings import writer_options
from headrace.upkeep.maintain.live_files import Live, LiveFile
from headrace.upkeep.maintain.merged_rows import Keep, Rows
from headrace.upkeep.maintain.replace import Replace
from headrace.upkeep.maintain.report import Rewritten


def before(group: Group) -> Rewritten:
    """Return the report of a group that is not rewritten yet."""
    return Rewritten(group.partition, group.closed, group.rows, len(group.files), group.bytes, len(group.deletes))


def compact(
    catalog: Catalog, name: str, table: Table, groups: Iterable[Group], progress: Callable[[Group], None]
) -> list[Rewritten]:
    """Rewrite each group and commit all of them at once; `progress` is called with each group before it is read.

    Delete files that no data file needs any more are dropped in the same commit, also if there are no groups.

    A group is left out if another writer has replaced one of its files, or if it was read without a delete that the
    rewritten file would escape. All groups are left out if the table's schema, partition spec or sort order has
    changed. Files written for a group that is left out become orphans, as do those of an attempt that never commits.
    Raises PlatformError.
    """
    written = {}
    for each in groups:
        progress(each)
        written[each] = rewritten(name, table, each)
    replaced = iceberg.commit(name, partial(_replace, catalog, name, table, written))
    return [_done(each, written[each]) for each in replaced]


def rewritten(name: str, table: Table, group: Group, keep: Keep | None = None) -> list[DataFile]:
    """Write the group's rows that no delete deletes, and that `keep` returns, as one sorted run; return its files.

    Raises PlatformError, also if not all rows could be read.
    """
    with iceberg.errors_reported(f"{group.partition} of table {name} cannot be rewritten"):
        rows = Rows(table, group, keep)
        written = list(_rewrite(table, group, rows))
    if rows.read != rows.expected:
        raise PlatformError(
            f"{group.partition} has {rows.expected:,} rows by its metadata, and {rows.read:,} were read: it is left as "
            "it is",
            name,
        )
    return written


def _replace(catalog: Catalog, name: str, read: Table, written: Mapping[Group, list[DataFile]]) -> list[Group]:
    table = iceberg.load_table(catalog, name)
    live = Live.of(table)
    if shape(table) != shape(read):
        return []
    sequence = sequence_of(read)
    deletes = Deletes(table, live.deletes)
    whole = [group for group in written if replaceable(group, live, deletes, sequence)]
    gone = {each for group in whole for each in group.data}
    added = [LiveFile(each, sequence) for group in whole for each in written[group]]
    unneeded = deletes.unneeded([*(each for each in live.data if each not in gone), *added])
    if whole or unneeded:
        with table.transaction() as transaction, Replace(transaction, table, sequence=sequence) as snapshot:
            for each in (*gone, *unneeded):
                snapshot.delete_data_file(each.file)
            for each in added:
                snapshot.append_data_file(each.file)
    return whole


def sequence_of(read: Table) -> int:
    """Return the sequence number of rewritten files: deletes of later snapshots apply to them, those read do not."""
    snapshot = read.current_snapshot()
    return (snapshot.sequence_number or 0) if snapshot else 0


def replaceable(group: Group, live: Live, deletes: Deletes, sequence: int) -> bool:
    """Whether the group's files and deletes are all live, and each delete that came later applies to new files too."""
    if not {*live.data}.issuperset(group.data) or not {*live.deletes}.issuperset(group.deletes):
        return False
    later = {delete for each in group.data for delete in deletes.of(each)}.difference(group.deletes)
    return all(by_key(each) and each.sequence > sequence for each in later)


def _done(group: Group, written: list[DataFile]) -> Rewritten:
    return replace(
        before(group),
        rows_after=sum(each.record_count for each in written),
        files_after=len(written),
        bytes_after=sum(each.file_size_in_bytes for each in written),
    )


def shape(table: Table) -> tuple[int | None, ...]:
    """Return the ids of what files are written by: schema, partition spec and order. `tables apply` may change them."""
    metadata = table.metadata
    return metadata.current_schema_id, metadata.default_spec_id, metadata.default_sort_order_id


def _rewrite(table: Table, group: Group, rows: Rows) -> Iterator[DataFile]:
    schema = schema_to_pyarrow(table.schema())
    with rows.ordered() as batches:
        waiting = next(batches, None)
        while waiting is not None:
            path = f"{group.partition}/{uuid4().hex}.parquet" if table.spec().fields else f"{uuid4().hex}.parquet"
            output = table.io.new_output(table.location_provider().new_data_location(path))
            sink: Any = output.create()  # pyiceberg's type does not declare tell()
            with sink as stream:
                options = writer_options(table, waiting)
                with pq.ParquetWriter(stream, schema, store_decimal_as_integer=True, **options) as writer:
                    while waiting is not None and stream.tell() < target_bytes(table):
                        writer.write_table(waiting.cast(schema))
                        waiting = next(batches, None)
            yield _described(table, group, output.location, len(output), writer.writer.metadata)


def _described(table: Table, group: Group, path: str, size: int, metadata: pq.FileMetaData) -> DataFile:
    statistics = data_file_statistics_from_parquet_metadata(
        parquet_metadata=metadata,
        stats_columns=compute_statistics_plan(table.schema(), table.properties),
        parquet_column_mapping=parquet_path_to_id_mapping(table.schema()),
    )
    described = DataFile.from_args(
        content=DataFileContent.DATA,
        file_path=path,
        file_format=FileFormat.PARQUET,
        partition=group.files[0].partition,
        file_size_in_bytes=size,
        # Only for a closed partition: an open one gets more runs, which are sorted into one once it is closed.
        sort_order_id=table.sort_order().order_id if group.closed else None,
        equality_ids=None,
        key_metadata=None,
        **statistics.to_serialized_dict(),
    )
    described.spec_id = group.files[0].spec_id
    return described
