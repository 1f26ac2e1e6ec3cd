"""A cache of metadata from immutable files, shared by queries and by snapshots of a table."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

from cachetools import LRUCache

T = TypeVar("T")


class Cache(Generic[T]):
    """The most recently used values by file path; their sizes add up to at most `maxsize`.

    `getsizeof` returns the size of a value in the unit of `maxsize`. Threads can share a cache.
    """

    def __init__(self, maxsize: int, getsizeof: Callable[[T], int]) -> None:
        self._entries: LRUCache[str, T] = LRUCache(maxsize, getsizeof)
        self._lock = Lock()  # LRUCache reorders its entries on a read, and is not thread-safe

    def get(self, path: str, load: Callable[[], T]) -> T:
        """Return the value of `path`, from `load` if it is not in the cache.

        The lock is not held while loading: two threads can load the same path, and the first value is stored and
        returned to both. A value larger than `maxsize` is returned without being stored.
        """
        with self._lock:
            if path in self._entries:
                return self._entries[path]
        value = load()
        with self._lock:
            try:
                return self._entries.setdefault(path, value)
            except ValueError:
                return value
