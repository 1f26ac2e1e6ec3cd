"""A cache of what files say that never change, shared by questions and by snapshots of a table."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

from cachetools import LRUCache

T = TypeVar("T")


class Cache(Generic[T]):
    """Values by file path, the most recently used first to stay; their sizes add up to at most `maxsize`.

    Threads may share it. `getsizeof` gives the size of a value in the unit of `maxsize`.
    """

    def __init__(self, maxsize: int, getsizeof: Callable[[T], int]) -> None:
        self._entries: LRUCache[str, T] = LRUCache(maxsize, getsizeof)
        self._lock = Lock()  # LRUCache reorders its entries on a read, and is not thread-safe

    def get(self, path: str, load: Callable[[], T]) -> T:
        """Return the value of `path`; call `load` for it where it is not in the cache.

        Two threads may load one path at the same time: the lock is not held meanwhile, and the first value stays.
        A value larger than `maxsize` is returned without being stored.
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
