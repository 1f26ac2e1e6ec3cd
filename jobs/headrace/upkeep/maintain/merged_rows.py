"""The rows of a group of files that no delete deletes, in the table's order."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import duckdb
import numpy as np
import pyarrow as pa
from duckdb import DuckDBPyConnection, DuckDBPyRelation
from pyiceberg.io.pyarrow import schema_to_pyarrow
from pyiceberg.schema import Schema
from pyiceberg.table import Table
from pyiceberg.table.sorting import NullOrder, SortDirection
from pyiceberg.types import NestedField

from headrace.environment import warehouse
from headrace.upkeep.maintain.choose import Group
from headrace.upkeep.maintain.deletes import Deletes, Key, by_key, column, distinct, read

ROWS_AT_ONCE = 32_768
"""Rows per row group: these are in memory next to DuckDB's sort, and a file's size is checked after each row group."""
Keep = Callable[[pa.Table], pa.Table]
"""Returns those of some rows that stay."""
_SORTED_IN = "1GiB"
_SEQUENCE = "sequence"


class Rows:
    """The rows of a group. `expected` is how many its metadata and deleted positions leave, `read` how many were read.

    In DuckDB, columns are named by their field ids: a key may have a column that the table no longer has, or whose
    name another column has now.
    """

    def __init__(self, table: Table, group: Group, keep: Keep | None = None) -> None:
        """Prepare to read the group's rows from the table, as it was loaded; only those that `keep` returns."""
        self._table, self._group, self._keep = table, group, keep
        self._deletes = Deletes(table, group.deletes)
        self._positions = {each: self._deletes.positions(each, group.deletes) for each in group.data}
        self.expected = group.rows - sum(map(distinct, self._positions.values()))
        self.read = 0

    @contextmanager
    def ordered(self) -> Iterator[Iterator[pa.Table]]:
        """Yield the rows in the table's columns and sort order; DuckDB spills what exceeds _SORTED_IN to disk."""
        with (
            tempfile.TemporaryDirectory(prefix="headrace-") as spilled,
            duckdb.connect(config={"temp_directory": spilled, "autoload_known_extensions": False}) as connection,
            warehouse.errors_reported(),
        ):
            connection.execute("set memory_limit = ?", [_SORTED_IN])
            rows = self._stored(connection)
            for number, key in enumerate(sorted(self._keys)):
                rows = _undeleted(rows, self._deleted(connection, key, f"deleted_{number}"), key)
            rows = rows.order(order) if (order := self._order) else rows
            names = self._table.schema().column_names
            columns = [str(field.field_id) for field in self._table.schema().fields]
            batches = rows.select(*map(duckdb.ColumnExpression, columns)).to_arrow_reader(ROWS_AT_ONCE)
            found = (pa.Table.from_batches([each]).rename_columns(names) for each in batches)
            yield found if self._keep is None else filter(len, map(self._keep, found))

    @property
    def _keys(self) -> set[Key]:
        return {tuple(each.file.equality_ids or ()) for each in self._group.deletes if by_key(each)}

    @property
    def _columns(self) -> Schema:
        """The table's columns, and those of keys that it no longer has."""
        fields = self._table.schema().fields
        known = {field.field_id for field in fields}
        others = sorted({number for key in self._keys for number in key} - known)
        return Schema(*map(_by_id, fields), *(column(self._table, number) for number in others))

    @property
    def _order(self) -> str:
        return ", ".join(
            f'"{field.source_id}" {"desc" if field.direction == SortDirection.DESC else "asc"}'
            f" nulls {'first' if field.null_order == NullOrder.NULLS_FIRST else 'last'}"
            for field in self._table.sort_order().fields
        )

    def _stored(self, connection: DuckDBPyConnection) -> DuckDBPyRelation:
        """Return the rows that no position deletes, with the sequence number of each."""
        columns = self._columns
        stored = _created(connection, "stored", schema_to_pyarrow(columns, include_field_ids=False))
        # One file after the other: pyiceberg would read all at once. If DuckDB read the batches while sorting, it
        # would hold each of them until the end.
        for each in self._group.data:
            for batch in read(self._table, each.file, columns, self._positions[each]):
                self.read += len(batch)
                _insert(connection, "stored", batch, each.sequence)
        return stored

    def _deleted(self, connection: DuckDBPyConnection, key: Key, name: str) -> DuckDBPyRelation:
        """Return the values of a key that are deleted, each with the highest sequence number."""
        columns = Schema(*(column(self._table, number) for number in key))
        deleted = _created(connection, name, schema_to_pyarrow(columns, include_field_ids=False))
        for each, sequence, batch in self._deletes.keys(self._group.deletes):
            if each == key:
                _insert(connection, name, batch, sequence)
        values = ", ".join(f'"{number}"' for number in key)
        return deleted.aggregate(f"{values}, max({_SEQUENCE}) as {_SEQUENCE}", values).set_alias(name)


def _undeleted(rows: DuckDBPyRelation, deleted: DuckDBPyRelation, key: Key) -> DuckDBPyRelation:
    same = [f'{rows.alias}."{number}" is not distinct from {deleted.alias}."{number}"' for number in key]
    later = f"{rows.alias}.{_SEQUENCE} < {deleted.alias}.{_SEQUENCE}"
    return rows.join(deleted, " and ".join([*same, later]), how="anti").set_alias(f"without_{deleted.alias}")


def _created(connection: DuckDBPyConnection, name: str, schema: pa.Schema) -> DuckDBPyRelation:
    schema = schema.append(pa.field(_SEQUENCE, pa.int64()))
    connection.from_arrow(schema.empty_table()).create(name)
    return connection.table(name)


def _insert(connection: DuckDBPyConnection, name: str, batch: pa.RecordBatch, sequence: int) -> None:
    rows = pa.Table.from_batches([batch])
    rows = rows.append_column(_SEQUENCE, pa.array(np.full(len(rows), sequence)))
    connection.from_arrow(rows).insert_into(name)


def _by_id(field: NestedField) -> NestedField:
    return NestedField(field.field_id, str(field.field_id), field.field_type, required=field.required)
