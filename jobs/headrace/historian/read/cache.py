"""What files say that never change, kept from question to question and from one snapshot to the next."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")


class Cache(Generic[T]):
    """By path, what was asked for last, as much as weighs no more than `most` together. Threads may share it."""

    def __init__(self, most: int, weigh: Callable[[T], int]) -> None:
        self._most, self._weigh = most, weigh
        self._found: dict[str, T] = {}
        self._weight = 0
        self._lock = Lock()

    def get(self, path: str, make: Callable[[], T]) -> T:
        """What is kept of the path, else what `make` gives."""
        with self._lock:
            if path in self._found:
                found = self._found[path] = self._found.pop(path)  # to the end: it was asked for last
                return found
        found = make()
        with self._lock:
            if path not in self._found:
                self._found[path] = found
                self._weight += self._weigh(found)
            while self._weight > self._most:
                self._weight -= self._weigh(self._found.pop(next(iter(self._found))))
        return found
