"""Small tables that hold the result of a refresh, with properties of how far other tables were read for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from pyiceberg.io.pyarrow import schema_to_pyarrow
from pyiceberg.table import Table

from headrace.environment import iceberg
from headrace.upkeep.maintain.marks import PREFIX

_TABLE = "completeness.table."


@dataclass(frozen=True)
class Mark:
    """How far a table was read: `at`, usually a snapshot's id, None for an empty table."""

    at: int | None
    table: Table


def rows(table: Table) -> list[dict[str, Any]]:
    """Return the rows of the last refresh. Raises PlatformError."""
    with iceberg.errors_reported(f"table {'.'.join(table.name())} cannot be read"):
        rows: list[dict[str, Any]] = table.scan().to_arrow().to_pylist()
    return rows


def since(table: Table, of: str, source: Table | None = None) -> int | None:
    """Return how far the last refresh read `of`, usually a snapshot's id.

    None if there was none, or if `source` is another table than the one that was read then.
    """
    if source and is_another(table, of, source):
        return None
    value = table.properties.get(PREFIX + of)
    return int(value) if value else None


def is_another(table: Table, of: str, source: Table) -> bool:
    """Whether the table that the last refresh read as `of` was dropped: `source` has its name, but another UUID."""
    return table.properties.get(_TABLE + of) not in (None, str(source.metadata.table_uuid))


def replace(table: Table, results: Iterable[Mapping[str, Any]], read: Mapping[str, Mark]) -> None:
    """Replace the rows and how far was read in one commit, so that after a crash the two still belong together."""
    schema = schema_to_pyarrow(table.schema(), include_field_ids=False)
    now = pa.Table.from_pylist(list(results), schema)
    with table.transaction() as transaction:
        # pyiceberg warns if an overwrite finds no rows.
        (transaction.overwrite if iceberg.row_count(table) else transaction.append)(now)
        transaction.set_properties(
            {
                **{PREFIX + of: "" if mark.at is None else str(mark.at) for of, mark in read.items()},
                **{_TABLE + of: str(mark.table.metadata.table_uuid) for of, mark in read.items()},
            }
        )
