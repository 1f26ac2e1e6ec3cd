"""Corrections of rows that are final: a window that is computed again gets a new row with the difference, if any."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa
from pyiceberg.catalog import Catalog
from pyiceberg.io.pyarrow import schema_to_pyarrow

from headrace.environment import iceberg
from headrace.planner.in_process.values import Row
from headrace.project.window import CORRECTED_AT
from headrace.upkeep.recompute.dirty import Name, Window
from headrace.upkeep.recompute.readings import around


def append(
    catalog: Catalog,
    name: str,
    key: str,
    windows: Sequence[Window],
    rows: Iterable[Row],
    *,
    corrected: Sequence[str],
    now: datetime,
) -> int:
    """Append a row for each of the `windows` whose rows do not add up to its new row; return how many.

    corrected: the columns that are added up. The other columns of a correction are those of the new row, and of the
    latest one if there is none any more. A correction that was made already adds nothing. Raises PlatformError.
    """
    new = {(row[key], row["ts"]): row for row in rows}

    def attempt() -> int:
        table = iceberg.load_table(catalog, name)
        with iceberg.errors_reported(f"table {name} cannot be read"):
            held = table.scan(row_filter=around(key, "ts", windows)).to_arrow().to_pylist()
        stored: dict[Name, list[Row]] = {}
        for row in held:
            stored.setdefault((row[key], row["ts"]), []).append(row)
        made = [_correction(new.get(each.name), stored.get(each.name, []), corrected) for each in windows]
        changes = [{**row, CORRECTED_AT: now} for row in made if row]
        if changes:
            table.append(pa.Table.from_pylist(changes, schema_to_pyarrow(table.schema(), include_field_ids=False)))
        return len(changes)

    return iceberg.commit(name, attempt)


def _correction(new: Row | None, held: Sequence[Row], corrected: Sequence[str]) -> dict[str, Any] | None:
    """Return the row with what the window's rows lack, None if they lack nothing."""
    row = new or (max(held, key=lambda each: each[CORRECTED_AT] or each["ts"]) if held else None)
    if row is None:
        return None
    lacks = {column: _lack(new, held, column) for column in corrected}
    return {**row, **lacks} if any(_counts(value) for value in lacks.values()) else None


def _lack(new: Row | None, held: Sequence[Row], column: str) -> Any:
    stored = sum(row[column] for row in held if row[column] is not None)
    wanted = new[column] if new and new[column] is not None else 0
    return wanted - stored


def _counts(value: Any) -> bool:
    """Return whether a difference is more than what adding up doubles in another order makes."""
    return abs(value) > 1e-9 if isinstance(value, float) else bool(value)
