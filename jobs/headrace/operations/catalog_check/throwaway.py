"""A table that is created to be written and read once, and is then dropped."""

from __future__ import annotations

from contextlib import suppress
from functools import cached_property
from pathlib import Path
from uuid import uuid4

import pyarrow as pa
from pyiceberg.catalog import Catalog
from pyiceberg.exceptions import NamespaceNotEmptyError, NoSuchTableError

from headrace.environment import iceberg, warehouse
from headrace.environment.apply.table_changes import FORMAT_VERSION
from headrace.environment.settings import Settings
from headrace.errors import PlatformError

NAMESPACE = "headrace_check"
COLUMN = "n"
_ROWS = Path(__file__).parent / "queries" / "throwaway.sql"
_SCHEMA = pa.schema([pa.field(COLUMN, pa.int64())])


class Throwaway:
    """A table `headrace_check.t_<hex>` of one column; each method raises PlatformError if its step fails."""

    def __init__(self, settings: Settings) -> None:
        self.name = f"{NAMESPACE}.t_{uuid4().hex[:12]}"
        self._settings = settings

    def sign_in(self) -> None:
        """Connect to the catalog and list its namespaces."""
        with iceberg.errors_reported("the catalog lists no namespaces"):
            self._catalog.list_namespaces()

    def create(self) -> None:
        """Create the table."""
        with iceberg.errors_reported("no table can be created"):
            self._catalog.create_namespace_if_not_exists(NAMESPACE)
            self._catalog.create_table(self.name, _SCHEMA, properties={"format-version": FORMAT_VERSION})

    def append(self, value: int) -> None:
        """Write one row and commit it."""
        with iceberg.errors_reported("nothing can be written"):
            iceberg.load_table(self._catalog, self.name).append(pa.table({COLUMN: [value]}, _SCHEMA))

    def check_pyiceberg(self, expected: list[int]) -> None:
        """Read the table with pyiceberg, and compare its values."""
        with iceberg.errors_reported("pyiceberg cannot read"):
            rows = iceberg.load_table(self._catalog, self.name).scan().to_arrow()
        compare("pyiceberg", rows.column(COLUMN).to_pylist(), expected)

    def check_duckdb(self, expected: list[int]) -> None:
        """Read the table with DuckDB, and compare its values."""
        with warehouse.open(self._settings, [self.name]) as connection:
            rows = warehouse.run(connection, _ROWS, {"table": self.name}).fetchall()
        compare("DuckDB", [row[0] for row in rows], expected)

    def drop(self) -> None:
        """Drop the table with its files, and its namespace if that is empty."""
        with iceberg.errors_reported(f"{self.name} cannot be dropped"):
            with suppress(NoSuchTableError):
                self._catalog.purge_table(self.name)
            with suppress(NamespaceNotEmptyError):
                self._catalog.drop_namespace(NAMESPACE)

    @cached_property
    def _catalog(self) -> Catalog:
        return iceberg.connect(self._settings)


def compare(engine: str, values: list[int], expected: list[int]) -> None:
    """Raise PlatformError if the values, in any order, are not the expected ones."""
    if sorted(values) != sorted(expected):
        raise PlatformError(f"{engine} reads {sorted(values)} instead of {sorted(expected)}")
