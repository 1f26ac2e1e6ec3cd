"""The small tables in which a look is kept, each with how far other tables were read for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa
from pyiceberg.io.pyarrow import schema_to_pyarrow
from pyiceberg.table import Table

from headrace.environment import iceberg

_PREFIX = "completeness.read."


def rows(table: Table) -> list[dict[str, Any]]:
    """The rows of the last look. Raises PlatformError."""
    with iceberg.errors_reported(f"table {'.'.join(table.name())} cannot be read"):
        found: list[dict[str, Any]] = table.scan().to_arrow().to_pylist()
    return found


def since(table: Table, of: str) -> int | None:
    """How far the last look read `of`, where there was one: the snapshot, as a rule."""
    found = table.properties.get(_PREFIX + of)
    return int(found) if found else None


def replace(table: Table, found: Iterable[Mapping[str, Any]], read: Mapping[str, int | None]) -> None:
    """Keep this look instead, in one commit with how far it read: a crash keeps the one before whole."""
    schema = schema_to_pyarrow(table.schema(), include_field_ids=False)
    now = pa.Table.from_pylist(list(found), schema)
    with table.transaction() as transaction:
        # pyiceberg warns of an overwrite that finds nothing.
        (transaction.overwrite if iceberg.row_count(table) else transaction.append)(now)
        transaction.set_properties({_PREFIX + of: str(head) for of, head in read.items() if head is not None})
