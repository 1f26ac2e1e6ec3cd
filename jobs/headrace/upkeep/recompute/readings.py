"""The readings of dirty windows, from the table in which another job keeps every reading."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pyarrow as pa
import pyarrow.compute as pc
from pyiceberg.catalog import Catalog
from pyiceberg.expressions import And, BooleanExpression, GreaterThanOrEqual, In, LessThan
from pyiceberg.io.pyarrow import schema_to_pyarrow

from headrace.environment import iceberg
from headrace.project import readings_table
from headrace.project.system_tables import ARRIVAL
from headrace.upkeep.recompute.dirty import Window, start
from headrace_udfs.contract import Contract


def readings(
    catalog: Catalog, name: str, source: Contract, windows: Sequence[Window], needs: timedelta = timedelta(0)
) -> pa.Table:
    """Return the rows of the windows, which span about a day: all that lies between their first and last time is read.

    needs: how long before each window rows are wanted as well.

    Columns are those of `readings_table.columns`. Rows are in the order of their times and, within one millisecond,
    of their arrival. Raises PlatformError.
    """
    columns = readings_table.columns(source)
    table = iceberg.load_table(catalog, name)
    with iceberg.errors_reported(f"table {name} cannot be read"):
        scan = table.scan(row_filter=around(source.key, "ts", windows, needs), selected_fields=tuple(columns))
        schema = schema_to_pyarrow(table.schema(), include_field_ids=False)
        around_windows = scan.to_arrow().select(columns).cast(pa.schema([schema.field(column) for column in columns]))
    length, names = windows[0].window_end - windows[0].window_start, {each.name for each in windows}
    pairs = zip(around_windows[source.key].to_pylist(), around_windows["ts"].to_pylist(), strict=True)
    ahead = [length * i for i in range(-(-needs // length) + 1)]
    wanted = [any((key, start(ts + each, length)) in names for each in ahead) for key, ts in pairs]
    return in_order(around_windows.filter(pa.array(wanted, pa.bool_())))


def in_order(rows: pa.Table) -> pa.Table:
    """Return the rows in the order of their times and, within one millisecond, of their arrival."""
    order = [(column, "ascending") for column in ("ms", *ARRIVAL)]
    return rows.append_column("ms", pc.floor_temporal(rows["ts"], unit="millisecond")).sort_by(order).drop("ms")


def around(key: str, time: str, windows: Sequence[Window], needs: timedelta = timedelta(0)) -> BooleanExpression:
    """Return a filter for the windows' keys from first to last time: it selects all rows of the windows, and others.

    needs: how long before the first window it begins.
    """
    # pydantic hides the expressions' own __init__ from mypy.
    return And(
        In(key, {each.key for each in windows}),  # type: ignore[call-arg,arg-type]
        GreaterThanOrEqual(time, (min(each.window_start for each in windows) - needs).isoformat()),  # type: ignore[call-arg,arg-type]
        LessThan(time, max(each.window_end for each in windows).isoformat()),  # type: ignore[call-arg,arg-type]
    )
