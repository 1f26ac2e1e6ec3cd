"""The copy of historian.tags that all steps of a worker share."""

from __future__ import annotations

from headrace_udfs import table_cache
from headrace_udfs.step_protocol import CatalogAddress
from headrace_udfs.table_cache import Kept, TableCache
from headrace_udfs.tags import COLUMNS, TagTable

TABLE = "historian.tags"
KEPT = Kept(TABLE, COLUMNS, TagTable.of, TagTable.empty())

TagCache = TableCache[TagTable]


def acquire(address: CatalogAddress) -> TagCache:
    """Return the cache of this catalog, which all steps of the process share. Call `release` when done with it.

    Raises RuntimeError if the tags cannot be read.
    """
    return table_cache.acquire(address, KEPT)


def release(address: CatalogAddress) -> None:
    """End one use of the cache that `acquire` returned; the last release closes it."""
    table_cache.release(address, KEPT)
