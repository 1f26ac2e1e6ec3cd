"""Filters on times before 1970, in DuckDB through `warehouse`, on tables partitioned by every unit of time."""

from __future__ import annotations

import operator
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from duckdb import DuckDBPyConnection
from pyiceberg.catalog import Catalog, load_catalog
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.transforms import DayTransform, HourTransform, MonthTransform, TimeTransform, YearTransform
from pyiceberg.types import DateType, IntegerType, NestedField, PrimitiveType, TimestampType, TimestamptzType

from headrace.environment import iceberg, warehouse
from headrace.environment.catalog_types import SqliteCatalog
from headrace.environment.settings import Settings

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
OFFSETS_H = [-9000, -8760, -8759.5, -800, -744, -743, -24.5, -24, -12, -1, -0.5, -1e-6, 0, 0.5, 12, 24, 800, 9000]
MOMENTS = [EPOCH + timedelta(hours=each) for each in OFFSETS_H]
COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq, "<": operator.lt, ">": operator.gt,
}  # fmt: skip


class Plant:
    """Settings of a catalog in a folder, as far as `warehouse.open` reads them."""

    def __init__(self, folder: Path) -> None:
        self.catalog = SqliteCatalog(type="sqlite", name="c", path=f"{folder}/c.db", warehouse=f"file://{folder}/w")


@pytest.fixture
def plant(tmp_path: Path) -> Plant:
    return Plant(tmp_path)


def catalog(plant: Plant) -> Catalog:
    catalog = load_catalog("c", **plant.catalog.pyiceberg())
    catalog.create_namespace_if_not_exists("n")
    return catalog


def filled(plant: Plant, kind: PrimitiveType, transform: TimeTransform[Any], *, required: bool) -> list[Any]:
    """Create table n.t with a column `moment` of MOMENTS in two commits, and return its values."""
    schema = Schema(NestedField(1, "id", IntegerType()), NestedField(2, "moment", kind, required=required))
    spec = PartitionSpec(PartitionField(2, 1000, transform, "part"))
    table = catalog(plant).create_table("n.t", schema, partition_spec=spec)
    values: list[Any] = [each if isinstance(kind, TimestamptzType) else each.replace(tzinfo=None) for each in MOMENTS]
    values = [each.date() for each in values] if isinstance(kind, DateType) else values
    values = values if required else [*values, None]
    for part in (values[::2], values[1::2]):
        table.append(pa.Table.from_pylist([{"id": 1, "moment": at} for at in part], table.schema().as_arrow()))
    return values


def opened(plant: Plant) -> DuckDBPyConnection:
    settings: Settings = plant  # type: ignore[assignment]
    return warehouse.open(settings)


KINDS: list[tuple[PrimitiveType, TimeTransform[Any]]] = [
    *product(
        [TimestamptzType(), TimestampType()], [HourTransform(), DayTransform(), MonthTransform(), YearTransform()]
    ),
    *product([DateType()], [DayTransform(), MonthTransform(), YearTransform()]),
]


@pytest.mark.parametrize(("kind", "transform"), KINDS, ids=[f"{transform} of {kind}" for kind, transform in KINDS])
def test_a_filter_finds_each_row_that_it_selects(
    plant: Plant, kind: PrimitiveType, transform: TimeTransform[Any]
) -> None:
    values = filled(plant, kind, transform, required=isinstance(kind, TimestamptzType))
    known = [each for each in values if each is not None]
    with opened(plant) as connection:
        assert connection.execute("select count(*) from n.t").fetchall() == [(len(values),)]
        assert connection.execute("select count(*) from n.t where moment is null").fetchall() == [(values.count(None),)]
        for (sign, compare), constant in product(COMPARISONS.items(), known[2:14:3]):
            [(found,)] = connection.execute(f"select count(*) from n.t where moment {sign} ?", [constant]).fetchall()
            assert found == sum(compare(at, constant) for at in known), (sign, constant)
        for low, high in product(known[2:12:4], known[9:14:3]):
            query = "select count(*) from n.t where moment >= ? and moment < ? and id = 1"
            [(found,)] = connection.execute(query, [low, high]).fetchall()
            assert found == sum(low <= at < high for at in known), (low, high)


def test_files_of_later_times_are_still_skipped(plant: Plant) -> None:
    filled(plant, TimestamptzType(), DayTransform(), required=True)
    for each in catalog(plant).load_table("n.t").scan("moment >= '1971-01-01T00:00:00+00:00'").plan_files():
        Path(each.file.file_path.removeprefix("file://")).unlink()
    with opened(plant) as connection:
        early = connection.execute("select count(*) from n.t where moment < '1970-01-01 00:00:00Z'").fetchall()
    assert early == [(sum(each < EPOCH for each in MOMENTS),)]


def test_an_empty_table_and_one_of_later_times_are_read_as_they_are(plant: Plant) -> None:
    schema = Schema(NestedField(2, "moment", TimestamptzType(), required=True))
    spec = PartitionSpec(PartitionField(2, 1000, DayTransform(), "part"))
    table = catalog(plant).create_table("n.t", schema, partition_spec=spec)
    with opened(plant) as connection:
        assert connection.execute("select count(*) from n.t").fetchall() == [(0,)]
    table.append(pa.Table.from_pylist([{"moment": EPOCH}], table.schema().as_arrow()))
    with opened(plant) as connection:
        [(sql,)] = connection.execute("select count(*) from n.t where moment >= '1970-01-01'").fetchall()
    assert sql == 1
    assert iceberg.row_count(table.refresh()) == 1
