"""Where refreshes have stopped reading: the snapshots from which they find out next time what is new in a table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pyiceberg.catalog import Catalog

from headrace.environment import iceberg
from headrace.project.system_tables import COMPLETENESS, DIRTY_WINDOWS, LAST_SEEN

PREFIX = "completeness.read."
"""The properties that hold how far a table was read, in the tables with the results."""
_HOLDERS = (COMPLETENESS, LAST_SEEN, DIRTY_WINDOWS)


def marked(catalog: Catalog) -> frozenset[int]:
    """Return the ids of the snapshots, of whatever table, at which a refresh has stopped. Raises PlatformError."""
    return frozenset(_marks(catalog, _HOLDERS))


def _marks(catalog: Catalog, holders: Iterable[str]) -> Iterator[int]:
    for name in holders:
        with iceberg.errors_reported(f"table {name} cannot be looked for"):
            exists = catalog.table_exists(name)
        properties = iceberg.load_table(catalog, name).properties if exists else {}
        yield from (int(value) for key, value in properties.items() if key.startswith(PREFIX) and value)
