"""Replace the rows of windows with others, in one snapshot."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import pyarrow as pa
from pyiceberg.catalog import Catalog
from pyiceberg.expressions import AlwaysTrue
from pyiceberg.io.pyarrow import ArrowScan, _dataframe_to_data_files, schema_to_pyarrow
from pyiceberg.table import FileScanTask, Table

from headrace.environment import iceberg
from headrace.errors import PlatformError
from headrace.historian.read.files import extent
from headrace.historian.series.intervals import instant
from headrace.planner.in_process.values import Row
from headrace.upkeep.recompute.dirty import Window
from headrace.upkeep.recompute.readings import around


def closed_before(catalog: Catalog, name: str) -> datetime | None:
    """Return the start of the last window that the job has written, or None if there is no window yet.

    The job no longer writes windows that end by then.
    """
    span = extent(iceberg.load_table(catalog, name))
    return instant(span[1]) if span else None


def replace_rows(catalog: Catalog, name: str, key: str, windows: Sequence[Window], rows: Iterable[Row]) -> None:
    """Replace the table's rows of the `windows` with `rows`.

    The snapshot's operation is `overwrite`: jobs that follow the table skip it. Raises PlatformError.
    """
    new = list(rows)

    def attempt() -> None:
        table = iceberg.load_table(catalog, name)
        schema = schema_to_pyarrow(table.schema(), include_field_ids=False)
        tasks = [*table.scan(row_filter=around(key, "ts", windows)).plan_files()]
        if any(task.delete_files for task in tasks):
            raise PlatformError(f"table {name} has delete files, so no rows can be replaced in it")
        # A generator: the rows of a file that has none of the windows do not stay in memory.
        remaining = ((task, _without(table, task, key, windows)) for task in tasks)
        gone = [(task, kept) for task, kept in remaining if len(kept) < task.file.record_count]
        now = pa.concat_tables([pa.Table.from_pylist(new, schema), *(kept.cast(schema) for _, kept in gone)])
        with table.transaction() as transaction, transaction.update_snapshot().overwrite() as snapshot:
            for task, _ in gone:
                snapshot.delete_data_file(task.file)
            for file in _dataframe_to_data_files(table.metadata, now, table.io):
                snapshot.append_data_file(file)

    iceberg.commit(name, attempt)


def _without(table: Table, task: FileScanTask, key: str, windows: Sequence[Window]) -> pa.Table:
    """Return the file's rows that belong to none of the windows."""
    names = {each.name for each in windows}
    rows = ArrowScan(table.metadata, table.io, table.schema(), AlwaysTrue()).to_table([task])
    pairs = zip(rows[key].to_pylist(), rows["ts"].to_pylist(), strict=True)
    return rows.filter(pa.array([pair not in names for pair in pairs], pa.bool_()))
