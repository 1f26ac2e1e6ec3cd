"""How a rewritten file encodes its columns: as Flink's writer does for the table's version of Parquet pages."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyiceberg.io.pyarrow import _get_parquet_writer_kwargs
from pyiceberg.table import Table

_PAGE_VERSION = "write.parquet.page-version"
# Above it, a dictionary of a column's values takes more bytes than their differences.
_DISTINCT = 0.5
_COUNTING = (pa.types.is_integer, pa.types.is_timestamp, pa.types.is_time, pa.types.is_date)


def writer_options(table: Table, rows: pa.Table) -> dict[str, Any]:
    """Return the keyword arguments of a `pyarrow.parquet.ParquetWriter` of the table; `rows` are its first.

    In pages of version 2, numbers and times that seldom repeat are stored as differences to the one before.
    """
    options: dict[str, Any] = _get_parquet_writer_kwargs(table.properties)
    if table.properties.get(_PAGE_VERSION) != "v2":
        return options
    differences = [field.name for field in rows.schema if _counts(field.type) and _seldom_repeats(rows[field.name])]
    return options | {
        "data_page_version": "2.0",
        "use_dictionary": [name for name in rows.schema.names if name not in differences],
        "column_encoding": dict.fromkeys(differences, "DELTA_BINARY_PACKED"),
    }


def _counts(kind: pa.DataType) -> bool:
    return any(of(kind) for of in _COUNTING)


def _seldom_repeats(column: pa.ChunkedArray) -> bool:
    distinct: int = pc.count_distinct(column, mode="all").as_py()
    return distinct > _DISTINCT * len(column)
