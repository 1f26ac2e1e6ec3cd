"""The safe steps from a table in the catalog to its file: each leaves every stored row readable."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from pyiceberg.table.metadata import TableMetadata
from pyiceberg.table.sorting import SortDirection
from pyiceberg.types import DecimalType, DoubleType, FloatType, IcebergType, IntegerType, LongType

from headrace.project.table import OUR_PROPERTIES, Table
from headrace.project.table_layout import Partition, Sort

Kind = Literal["create", "add column", "widen", "make optional", "describe", "partition", "sort", "property"]


@dataclass(frozen=True)
class Change:
    """One step: its `kind`, the column or property it changes, and the result."""

    kind: Kind
    target: str
    detail: str


def creation(table: Table) -> Iterator[Change]:
    """Yield the step that creates a table that the catalog does not have."""
    detail = f"partition {listed(table.partition)}; sort {listed(table.sort)}"
    yield Change("create", f"{len(table.columns)} columns", detail)


def changes(table: Table, stored: TableMetadata) -> Iterator[Change]:
    """Yield the safe steps from `stored` to `table`; `unsafe.refusals` yields the others."""
    yield from _columns(table, stored)
    yield from _layout(table, stored)
    yield from _properties(table, stored)


def partition_of(stored: TableMetadata) -> list[Partition]:
    """Return the table's current partition fields; older files may have others."""
    schema = stored.schema()
    return [Partition(schema.find_field(f.source_id).name, f.transform) for f in stored.spec().fields]


def sort_of(stored: TableMetadata) -> list[Sort]:
    """Return the table's current sort order; older files may have another."""
    order = stored.sort_order_by_id(stored.default_sort_order_id)
    fields = order.fields if order else []
    schema = stored.schema()
    return [Sort(schema.find_field(f.source_id).name, f.direction == SortDirection.DESC) for f in fields]


def removed_properties(table: Table, stored: TableMetadata) -> list[str]:
    """Return the names of headrace's properties that the file no longer has; those that others set are left alone."""
    return sorted(n for n in stored.properties if n.startswith(OUR_PROPERTIES) and n not in table.all_properties)


def widens(old: IcebergType, new: IcebergType) -> bool:
    """Return whether every value of type `old` is one of `new`, and Iceberg reads it as such from existing files."""
    match old, new:
        case (IntegerType(), LongType()) | (FloatType(), DoubleType()):
            return True
        case DecimalType(), DecimalType():
            return old.scale == new.scale and old.precision < new.precision
    return False


def listed(values: Iterable[object]) -> str:
    """Return the values separated by commas, or `none`."""
    return ", ".join(map(str, values)) or "none"


def _columns(table: Table, stored: TableMetadata) -> Iterator[Change]:
    fields = {f.name: f for f in stored.schema().fields}
    for name, column in table.columns.items():
        field = fields.get(name)
        if field is None:
            yield Change("add column", name, f"{column.type}, null in the rows already stored")
            continue
        if widens(field.field_type, column.type):
            yield Change("widen", name, f"{field.field_type} to {column.type}")
        if field.required and not column.required:
            yield Change("make optional", name, "it was required")
        if (field.doc or "") != column.comment:
            yield Change("describe", name, column.comment)


def _layout(table: Table, stored: TableMetadata) -> Iterator[Change]:
    partition = partition_of(stored)
    if set(partition) != set(table.partition):
        note = "applies to files of jobs started from now on; existing files keep theirs"
        yield Change("partition", listed(table.partition), f"was {listed(partition)}; {note}")
    order = sort_of(stored)
    if order != table.sort:
        yield Change("sort", listed(table.sort), f"was {listed(order)}; existing files keep theirs")


def _properties(table: Table, stored: TableMetadata) -> Iterator[Change]:
    for name, value in table.all_properties.items():
        old = stored.properties.get(name)
        if old != value:
            yield Change("property", name, value if old is None else f"{value} (was {old})")
    for name in removed_properties(table, stored):
        yield Change("property", name, f"removed (was {stored.properties[name]})")
