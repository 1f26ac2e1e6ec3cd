"""A table made to be written and read once, which goes again."""

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
    """A table `headrace_check.t_<hex>` of one column; each method raises PlatformError where its step fails."""

    def __init__(self, settings: Settings) -> None:
        self.name = f"{NAMESPACE}.t_{uuid4().hex[:12]}"
        self._settings = settings

    def sign_in(self) -> None:
        with iceberg.errors_reported("the catalog lists no namespaces"):
            self._catalog.list_namespaces()

    def make(self) -> None:
        with iceberg.errors_reported("no table can be made"):
            self._catalog.create_namespace_if_not_exists(NAMESPACE)
            self._catalog.create_table(self.name, _SCHEMA, properties={"format-version": FORMAT_VERSION})

    def append(self, value: int) -> None:
        with iceberg.errors_reported("nothing can be written"):
            iceberg.load_table(self._catalog, self.name).append(pa.table({COLUMN: [value]}, _SCHEMA))

    def check_pyiceberg(self, wanted: list[int]) -> None:
        with iceberg.errors_reported("pyiceberg cannot read"):
            rows = iceberg.load_table(self._catalog, self.name).scan().to_arrow()
        compare("pyiceberg", rows.column(COLUMN).to_pylist(), wanted)

    def check_duckdb(self, wanted: list[int]) -> None:
        with warehouse.open(self._settings, [self.name]) as connection:
            rows = warehouse.run(connection, _ROWS, {"table": self.name}).fetchall()
        compare("DuckDB", [row[0] for row in rows], wanted)

    def drop(self) -> None:
        with iceberg.errors_reported(f"{self.name} cannot be dropped"):
            with suppress(NoSuchTableError):
                self._catalog.purge_table(self.name)
            with suppress(NamespaceNotEmptyError):
                self._catalog.drop_namespace(NAMESPACE)

    @cached_property
    def _catalog(self) -> Catalog:
        return iceberg.connect(self._settings)


def compare(who: str, found: list[int], wanted: list[int]) -> None:
    """Raises PlatformError where the values, in any order, are not those wanted."""
    if sorted(found) != sorted(wanted):
        raise PlatformError(f"{who} reads {sorted(found)}, where {sorted(wanted)} stands")
