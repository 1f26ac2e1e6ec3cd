"""How a rewritten file encodes its columns: as Flink's writer does for the table's version of Parquet's pages."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pyiceberg.io.pyarrow import _get_parquet_writer_kwargs
from pyiceberg.table import Table

_PAGE_VERSION = "write.parquet.page-version"
_COUNTING = (pa.types.is_integer, pa.types.is_timestamp, pa.types.is_time, pa.types.is_date)


def writer_options(table: Table, rows: pa.Table) -> dict[str, Any]:
    """Return the keyword arguments of a `pyarrow.parquet.ParquetWriter` of the table; `rows` are its first.

    In pages of version 2, numbers and times are stored as differences to the one before, where that is smaller in
    `rows` than a dictionary.
    """
    options: dict[str, Any] = _get_parquet_writer_kwargs(table.properties)
    if table.properties.get(_PAGE_VERSION) != "v2":
        return options
    options["data_page_version"] = "2.0"
    counting = rows.select([field.name for field in rows.schema if any(of(field.type) for of in _COUNTING)])
    before = _sizes(counting, options)
    after = _sizes(counting, options | _as_differences(counting, counting.column_names))
    return options | _as_differences(rows, [name for name, size in after.items() if size < before[name]])


def _as_differences(rows: pa.Table, columns: list[str]) -> dict[str, Any]:
    return {
        "use_dictionary": [path for path in _paths(rows) if path not in columns],
        "column_encoding": dict.fromkeys(columns, "DELTA_BINARY_PACKED"),
    }


def _paths(rows: pa.Table) -> list[str]:
    """Return the path of each column of the file: lists and structs have several, or one with another name."""
    metadata: list[pq.FileMetaData] = []
    pq.write_table(rows.slice(0, 0), pa.BufferOutputStream(), metadata_collector=metadata)
    return [metadata[0].schema.column(n).path for n in range(metadata[0].num_columns)]


def _sizes(rows: pa.Table, options: dict[str, Any]) -> dict[str, int]:
    """Return the size of each column when it is written, in bytes."""
    metadata: list[pq.FileMetaData] = []
    pq.write_table(rows, pa.BufferOutputStream(), metadata_collector=metadata, **options)
    groups = [metadata[0].row_group(n) for n in range(metadata[0].num_row_groups)]
    return {name: sum(g.column(n).total_compressed_size for g in groups) for n, name in enumerate(rows.column_names)}
