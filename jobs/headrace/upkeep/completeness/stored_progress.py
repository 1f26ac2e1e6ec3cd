"""Small tables that hold the result of a refresh, with properties of how far other tables were read for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa
from pyiceberg.io.pyarrow import schema_to_pyarrow
from pyiceberg.table import Table

from headrace.environment import iceberg

_PREFIX = "completeness.read."


def rows(table: Table) -> list[dict[str, Any]]:
    """Return the rows of the last refresh. Raises PlatformError."""
    with iceberg.errors_reported(f"table {'.'.join(table.name())} cannot be read"):
        rows: list[dict[str, Any]] = table.scan().to_arrow().to_pylist()
    return rows


def since(table: Table, of: str) -> int | None:
    """Return how far the last refresh read `of`, usually a snapshot's id; None if there was none."""
    value = table.properties.get(_PREFIX + of)
    return int(value) if value else None


def replace(table: Table, results: Iterable[Mapping[str, Any]], read: Mapping[str, int | None]) -> None:
    """Replace the rows and how far was read in one commit, so that after a crash the two still belong together."""
    schema = schema_to_pyarrow(table.schema(), include_field_ids=False)
    now = pa.Table.from_pylist(list(results), schema)
    with table.transaction() as transaction:
        # pyiceberg warns if an overwrite finds no rows.
        (transaction.overwrite if iceberg.row_count(table) else transaction.append)(now)
        transaction.set_properties({_PREFIX + of: str(head) for of, head in read.items() if head is not None})
