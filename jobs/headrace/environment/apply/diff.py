"""The steps that make a table of the catalog what its file says, each of which leaves every stored row readable."""

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
    """One step: its `kind`, the column or property it is done to, and what comes of it."""

    kind: Kind
    target: str
    detail: str


def creation(table: Table) -> Iterator[Change]:
    """The step that makes a table the catalog does not have."""
    detail = f"partition {listed(table.partition)}; sort {listed(table.sort)}"
    yield Change("create", f"{len(table.columns)} columns", detail)


def changes(table: Table, stored: TableMetadata) -> Iterator[Change]:
    """The safe steps from `stored` to `table`; what is not safe is left to `unsafe.refusals`."""
    yield from _columns(table, stored)
    yield from _layout(table, stored)
    yield from _properties(table, stored)


def partition_of(stored: TableMetadata) -> list[Partition]:
    """The partition fields a new file of the table would have."""
    schema = stored.schema()
    return [Partition(schema.find_field(f.source_id).name, f.transform) for f in stored.spec().fields]


def sort_of(stored: TableMetadata) -> list[Sort]:
    """The order of rows a new file of the table should have."""
    order = stored.sort_order_by_id(stored.default_sort_order_id)
    fields = order.fields if order else []
    schema = stored.schema()
    return [Sort(schema.find_field(f.source_id).name, f.direction == SortDirection.DESC) for f in fields]


def removed_properties(table: Table, stored: TableMetadata) -> list[str]:
    """Properties of ours that the file no longer asks for; those that others have set are left alone."""
    return sorted(n for n in stored.properties if n.startswith(OUR_PROPERTIES) and n not in table.all_properties)


def widens(old: IcebergType, new: IcebergType) -> bool:
    """Whether every value of type `old` is one of type `new`, and Iceberg reads it so from the files as they are."""
    match old, new:
        case (IntegerType(), LongType()) | (FloatType(), DoubleType()):
            return True
        case DecimalType(), DecimalType():
            return old.scale == new.scale and old.precision < new.precision
    return False


def listed(values: Iterable[object]) -> str:
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
    was = partition_of(stored)
    if set(was) != set(table.partition):
        note = "for files of jobs started from now on; those written keep theirs"
        yield Change("partition", listed(table.partition), f"was {listed(was)}; {note}")
    order = sort_of(stored)
    if order != table.sort:
        yield Change("sort", listed(table.sort), f"was {listed(order)}; files already written keep theirs")


def _properties(table: Table, stored: TableMetadata) -> Iterator[Change]:
    for name, value in table.all_properties.items():
        old = stored.properties.get(name)
        if old != value:
            yield Change("property", name, value if old is None else f"{value} (was {old})")
    for name in removed_properties(table, stored):
        yield Change("property", name, f"removed (was {stored.properties[name]})")
