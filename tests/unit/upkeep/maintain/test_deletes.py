"""Compaction of tables that are written by key: random changes, and a dictionary in Python that has the same rows."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any
from unittest import mock

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyiceberg.catalog import Catalog
from pyiceberg.catalog.memory import InMemoryCatalog
from pyiceberg.manifest import DataFile
from pyiceberg.schema import Schema
from pyiceberg.table import Table
from pyiceberg.transforms import BucketTransform, IdentityTransform, Transform
from pyiceberg.typedef import Record
from pyiceberg.types import LongType, NestedField, StringType

from headrace.environment import warehouse
from headrace.upkeep.maintain import choose, compact
from headrace.upkeep.maintain.live_files import Live
from headrace.upkeep.maintain.report import Rewritten
from support.worlds.keyed_table import Delta, Row, stored

NAME = "plant.orders"
SCHEMA = Schema(
    NestedField(1, "region", StringType()), NestedField(2, "id", LongType()), NestedField(3, "value", LongType())
)
KEYS = [("id",), ("region",), ("region", "id")]
REGIONS, IDS = [None, "north", "south"], [None, 1, 2, 3]
LAYOUTS: dict[str, Transform[Any, Any]] = {"region": IdentityTransform(), "id": BucketTransform(2)}
"""How the table is partitioned, by the column: by its value, or in two buckets. By nothing, it has no partitions."""
REPLACE = compact._replace
Place = tuple[DataFile, int]


@contextmanager
def new_table(layout: str | None = None) -> Iterator[Catalog]:
    with tempfile.TemporaryDirectory() as folder:
        catalog = InMemoryCatalog("test", warehouse=folder)
        catalog.create_namespace("plant")
        table = catalog.create_table(NAME, SCHEMA, properties={"format-version": "2"})
        if layout:
            with table.update_spec() as spec:
                spec.add_field(layout, LAYOUTS[layout], "part")
        yield catalog


@dataclass
class World:
    """A table, and the rows that it must hold, by their place in a file."""

    catalog: Catalog
    layout: str | None
    rows: dict[Place, Row] = field(default_factory=dict)
    """The rows that were added and not deleted, by the places where they were first written."""
    numbers: int = 0
    null_keys: bool = False

    @property
    def table(self) -> Table:
        return self.catalog.load_table(NAME)

    def partition(self, row: Row) -> Record:
        if self.layout is None:
            return Record()
        kind = LongType() if self.layout == "id" else StringType()
        return Record(LAYOUTS[self.layout].transform(kind)(row[self.layout]))

    def change(self, added: list[Row], key: tuple[str, ...], *, replaced: bool, everywhere: bool, again: bool) -> None:
        """Commit what Flink's sink commits: rows, and deletes of older rows with the same key.

        `replaced`: delete the older rows. `everywhere`: by a file without a partition. `again`: delete the first of
        the new rows by its position too, as a row that changes twice between two commits.
        """
        delta = Delta(self.table)
        deleted = self._deletes(delta, added, key, everywhere=everywhere) if replaced else []
        self.rows = {place: row for place, row in self.rows.items() if not any(gone(row) for gone in deleted)}
        for part, rows in self._by_partition(added):
            file = delta.add(rows, part)
            places = {(file, number): row for number, row in enumerate(rows)}
            if again:
                delta.delete_at([next(iter(places))], part)
                del places[next(iter(places))]
            self.rows |= places
        delta.commit()

    def _deletes(
        self, delta: Delta, rows: list[Row], key: tuple[str, ...], *, everywhere: bool
    ) -> list[Callable[[Row], bool]]:
        keys = [{name: row[name] for name in key} for row in rows]
        self.null_keys = self.null_keys or any(value is None for each in keys for value in each.values())
        if everywhere or self.layout is None:
            delta.delete_equal(keys, key, Record(), spec=0)
            return [lambda row: any(row.items() >= each.items() for each in keys)]
        made: list[Callable[[Row], bool]] = []
        for part, members in self._by_partition(rows):
            delta.delete_equal(members, key, part)
            made.append(partial(self._equal_in, part, key, members))
        return made

    def _equal_in(self, part: Record, key: tuple[str, ...], members: list[Row], row: Row) -> bool:
        same = any(all(row[name] == each[name] for name in key) for each in members)
        return same and self.partition(row) == part

    def delete_some(self, share: float) -> None:
        """Delete rows by their positions in files of earlier commits that are still live, as Spark does."""
        table = self.table
        live = {each.file.file_path: each.file for each in Live.of(table).data}
        places = [place for place in self.rows if place[0].file_path in live]
        chosen = places[: round(len(places) * share)]
        delta = Delta(table)
        for part, _ in self._by_partition([self.rows[each] for each in chosen]):
            delta.delete_at([each for each in chosen if self.partition(self.rows[each]) == part], part)
        if chosen:
            delta.commit()
            self.rows = {place: row for place, row in self.rows.items() if place not in chosen}

    def _by_partition(self, rows: list[Row]) -> list[tuple[Record, list[Row]]]:
        parts: list[tuple[Record, list[Row]]] = []
        for row in rows:
            part = self.partition(row)
            for known, members in parts:
                if known == part:
                    members.append(row)
                    break
            else:
                parts.append((part, [row]))
        return parts

    def next(self) -> int:
        self.numbers += 1
        return self.numbers

    def check(self) -> None:
        expected = counted(self.rows.values())
        table = self.table
        assert counted(stored(table)) == expected
        left = Live.of(table).deletes
        # DuckDB 1.5.5 misreads equality deletes with nulls; a key of headrace's tables has none.
        if not (left and self.null_keys):
            assert counted(by_duckdb(table)) == expected, "DuckDB"
        if not left:
            assert counted(table.scan().to_arrow().to_pylist()) == expected, "pyiceberg"


def counted(rows: Any) -> Counter[tuple[Any, ...]]:
    return Counter((row["region"], row["id"], row["value"]) for row in rows)


def by_duckdb(table: Table) -> list[Row]:
    connection = duckdb.connect()
    for name in ("avro", "iceberg"):
        connection.load_extension(str(warehouse._extension(name)))
    scan = connection.table_function("iceberg_scan", [table.metadata_location])
    return [dict(zip(("region", "id", "value"), row, strict=True)) for row in scan.fetchall()]


def nothing() -> None:
    """Do nothing."""


def compacted(catalog: Catalog, meanwhile: Callable[[], None] = nothing) -> list[Rewritten]:
    """Rewrite what has a delete or a second file, as `maintain` does; `meanwhile` happens before the commit."""
    table = catalog.load_table(NAME)
    with mock.patch.object(choose, "ENOUGH", 1):
        groups = choose.choose(table, Live.of(table), datetime.now(UTC))

    def late(*given: Any) -> Any:
        meanwhile()
        return REPLACE(*given)

    with mock.patch.object(compact, "_replace", late):
        return compact.compact(catalog, NAME, table, groups, lambda _group: None)


orders = st.fixed_dictionaries({"region": st.sampled_from(REGIONS), "id": st.sampled_from(IDS)})
rows = st.lists(orders, min_size=1, max_size=4)
changes = st.tuples(rows, st.sampled_from(KEYS), st.booleans(), st.booleans(), st.booleans())
steps = st.one_of(changes, changes, st.tuples(st.just("positions"), st.sampled_from([0.3, 1.0])), st.just("compact"))


def take(world: World, step: Any) -> None:
    if step == "compact":
        compacted(world.catalog)
    elif step[0] == "positions":
        world.delete_some(step[1])
    else:
        added, key, replaced, everywhere, again = step
        numbered = [each | {"value": world.next()} for each in added]
        world.change(numbered, key, replaced=replaced, everywhere=everywhere, again=again)


def play(layout: str | None, log: list[Any], late: list[Any]) -> None:
    """Take the steps; a compaction that is followed by a step of `late` has it happen between reading and commit."""
    left = [*late]
    with new_table(layout) as catalog:
        world = World(catalog, layout)
        for step in [*log, "compact"]:
            if step != "compact":
                take(world, step)
                continue
            compacted(catalog, partial(take, world, left.pop()) if left else nothing)
            world.check()
        compacted(catalog)
        world.check()
        assert not Live.of(world.table).deletes


NORTH = {"region": "north", "id": 1}
NULL: Row = {"region": None, "id": None}


@pytest.mark.parametrize("layout", [None, "region"])
@pytest.mark.parametrize("late", [("replace", ("id",)), ("positions", 1.0), None])
def test_rows_that_are_replaced_before_and_while_a_table_is_compacted(layout: str | None, late: Any) -> None:
    with new_table(layout) as catalog:
        world = World(catalog, layout)
        for key in (("id",), ("region", "id")):
            take(world, ([NORTH, NULL, {"region": "south", "id": 1}], key, True, False, False))
            take(world, ([NORTH, NULL], key, True, False, True))
        step = ([NORTH, NULL], late[1], True, False, False) if late and late[0] == "replace" else late
        done = compacted(catalog, lambda: take(world, step) if step else None)
        if late and late[0] == "positions":
            # Rows that were read have been deleted by position since then, so they are not written again.
            assert all(each.rows_after == 0 for each in done)
        else:
            assert done
        world.check()
        compacted(catalog)
        world.check()
        assert not Live.of(world.table).deletes


def test_a_delete_without_a_partition_reaches_all_of_them() -> None:
    with new_table("region") as catalog:
        world = World(catalog, "region")
        take(world, ([NORTH, NULL, {"region": "south", "id": 1}], ("id",), False, False, False))
        take(world, ([{"region": "west", "id": 1}], ("id",), True, True, False))
        assert [row["region"] for row in world.rows.values()] == [None, "west"]
        compacted(catalog)
        world.check()
        assert not Live.of(world.table).deletes


def test_a_delete_by_a_column_that_the_table_lost_still_deletes() -> None:
    with new_table() as catalog:
        world = World(catalog, None)
        take(world, ([NORTH, NULL, {"region": "south", "id": 2}], ("id",), False, False, False))
        take(world, ([{"region": "south", "id": 1}], ("id",), True, False, False))
        with world.table.update_schema() as schema:
            schema.delete_column("id")
        with world.table.update_schema() as schema:
            schema.add_column("id", StringType())
        compacted(catalog)
        table = world.table
        assert not Live.of(table).deletes
        assert sorted((row["value"], row["region"], row["id"]) for row in table.scan().to_arrow().to_pylist()) == [
            (2, None, None),
            (3, "south", None),
            (4, "south", None),
        ]


def test_large_files_are_not_written_again_for_a_few_deletes_or_for_deletes_of_other_keys() -> None:
    with new_table() as catalog:
        world = World(catalog, None)
        take(world, ([{"region": "north", "id": 1}], ("id",), False, False, False))
        for _ in range(choose.ENOUGH - 1):
            take(world, ([{"region": "north", "id": 2}], ("id",), True, False, False))
        table = world.table
        with mock.patch.object(choose, "target_bytes", return_value=1):
            assert choose.choose(table, Live.of(table), datetime.now(UTC)) == []
            take(world, ([{"region": "north", "id": 1}], ("id",), True, False, False))
            table = world.table
            assert choose.choose(table, Live.of(table), datetime.now(UTC)) == []
            for _ in range(2):
                take(world, ([{"region": "north", "id": 2}], ("id",), True, False, False))
            (group,) = choose.choose(world.table, Live.of(world.table), datetime.now(UTC))
        # Eight later deletes have the id of its first file alone.
        (file,) = group.files
        assert (file.record_count, len(group.deletes)) == (1, choose.ENOUGH)
        world.check()


def test_deletes_that_no_file_needs_are_dropped_without_writing_a_file() -> None:
    with new_table() as catalog:
        world = World(catalog, None)
        take(world, ([NORTH], ("id",), False, False, False))
        take(world, ([{"region": "north", "id": 3}], ("id",), True, False, False))
        table = world.table
        assert len(Live.of(table).deletes) == 1
        assert compact.compact(catalog, NAME, table, [], lambda _group: None) == []
        assert not Live.of(world.table).deletes
        assert [each.file.file_path for each in Live.of(world.table).data] == [
            each.file.file_path for each in Live.of(table).data
        ]
        world.check()


@settings(max_examples=3, deadline=None)
@given(st.sampled_from([None, "region", "id"]), st.lists(steps, max_size=4), st.lists(steps, max_size=2))
def test_random_changes_leave_the_rows_that_a_dictionary_has(
    layout: str | None, log: list[Any], late: list[Any]
) -> None:
    play(layout, log, late)


@pytest.mark.proof
@settings(max_examples=60, deadline=None)
@given(st.sampled_from([None, "region", "id"]), st.lists(steps, max_size=12), st.lists(steps, max_size=4))
def test_many_random_changes_leave_the_rows_that_a_dictionary_has(
    layout: str | None, log: list[Any], late: list[Any]
) -> None:
    play(layout, log, late)
