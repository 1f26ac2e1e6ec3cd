"""The columns that a reader needs in its table."""

from __future__ import annotations

from collections.abc import Mapping

from pyiceberg.table import Table

from headrace.errors import PlatformError, Problem


def require(table: Table, types: Mapping[str, str]) -> None:
    """Raise PlatformError with each column of `types` that the table lacks or has with another Iceberg type."""
    found = {each.name: str(each.field_type) for each in table.schema().fields}
    name = ".".join(table.name())
    problems = [
        Problem(f"{name} has no column '{column}' of type {expected}, but {found.get(column, 'none of that name')}")
        for column, expected in types.items()
        if found.get(column) != expected
    ]
    if problems:
        raise PlatformError(problems)
