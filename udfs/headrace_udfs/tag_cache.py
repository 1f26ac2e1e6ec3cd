"""The copy of historian.tags that all steps of a worker share."""

from __future__ import annotations

import threading

from headrace_udfs.step_protocol import CatalogAddress
from headrace_udfs.table_cache import Kept, TableCache
from headrace_udfs.tags import COLUMNS, TagTable

TABLE = "historian.tags"
KEPT = Kept(TABLE, COLUMNS, TagTable.of, TagTable.empty())

TagCache = TableCache[TagTable]

_Key = tuple[str, tuple[tuple[str, str], ...]]
_lock = threading.Lock()
_shared: dict[_Key, tuple[TagCache, int]] = {}


def acquire(address: CatalogAddress) -> TagCache:
    """Return the cache of this catalog, which all steps of the process share. Call `release` when done with it.

    Raises RuntimeError if the tags cannot be read.
    """
    with _lock:
        cache, users = _shared.get(_key(address)) or (TableCache(address, KEPT), 0)
        _shared[_key(address)] = cache, users + 1
        return cache


def release(address: CatalogAddress) -> None:
    """End one use of the cache that `acquire` returned; the last release closes it."""
    with _lock:
        cache, users = _shared[_key(address)]
        if users > 1:
            _shared[_key(address)] = cache, users - 1
        else:
            del _shared[_key(address)]
            cache.close()


def _key(address: CatalogAddress) -> _Key:
    return address.name, tuple(sorted(address.properties.items()))
