"""Keep DuckDB from skipping files with times before 1970.

Iceberg numbers the days (hours, months, years) of a partition from 1970, rounded down: all of 1969-12-31 is day -1.
DuckDB 1.5 rounds the constant of a filter towards zero instead, so that it skips files that hold matching rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from functools import reduce
from operator import and_, or_

from duckdb import ColumnExpression, ConstantExpression, DuckDBPyRelation, Expression, FunctionExpression
from pyiceberg.table import Table
from pyiceberg.transforms import TimeTransform
from pyiceberg.types import DateType, NestedField, TimestamptzType

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def columns(table: Table) -> list[NestedField]:
    """Return the columns that partition the table by time and have times before 1970 in its current snapshot.

    Reads the list of manifests; deleted rows may count.
    """
    snapshot, specs, schema = table.current_snapshot(), table.specs(), table.schema()
    found = {
        field.source_id
        for manifest in (snapshot.manifests(table.io) if snapshot else [])
        for field, summary in zip(specs[manifest.partition_spec_id].fields, manifest.partitions or [], strict=False)
        if isinstance(field.transform, TimeTransform) and _is_negative(summary.lower_bound)
    }
    return [schema.find_field(source) for source in sorted(found)]


def read_whole(scan: DuckDBPyRelation, early: Sequence[NestedField]) -> DuckDBPyRelation:
    """Return the rows of `scan`, such that a filter on one of the columns `early` skips no row that matches.

    Rows with a time before 1970 are filtered after they are read. Files with later times are skipped as before.
    """
    if not early:
        return scan
    hidden = {each.name: _hidden(each) for each in early}
    before = scan.filter(reduce(or_, map(_is_before, early)))
    since = scan.filter(reduce(and_, [ColumnExpression(each.name) >= _epoch(each) for each in early]))
    return since.union(before.project(*(hidden.get(name, ColumnExpression(name)) for name in scan.columns)))


def _is_before(column: NestedField) -> Expression:
    """Return whether a row does not have a time from 1970 on."""
    is_before = ColumnExpression(column.name) < _epoch(column)
    return is_before if column.required else is_before | ColumnExpression(column.name).isnull()


def _hidden(column: NestedField) -> Expression:
    """Return the column's value in a form that a filter cannot be compared through with a partition."""
    make = "make_timestamptz" if isinstance(column.field_type, TimestamptzType) else "make_timestamp"
    value = FunctionExpression(make, FunctionExpression("epoch_us", ColumnExpression(column.name)))
    return (value.cast("DATE") if isinstance(column.field_type, DateType) else value).alias(column.name)


def _epoch(column: NestedField) -> Expression:
    if isinstance(column.field_type, DateType):
        return ConstantExpression(date(1970, 1, 1))
    is_zoned = isinstance(column.field_type, TimestamptzType)
    return ConstantExpression(_EPOCH if is_zoned else _EPOCH.replace(tzinfo=None))


def _is_negative(bound: bytes | None) -> bool:
    return bound is not None and int.from_bytes(bound, "little", signed=True) < 0
