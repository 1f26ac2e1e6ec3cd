"""Read the services' logs: the last lines, and new lines as they are written."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

_PAUSE_S = 0.3


def tail(log: Path, count: int) -> list[str]:
    """Return the last `count` lines, without line endings; [] if there is no log yet."""
    try:
        with log.open(encoding="utf-8", errors="replace") as file:
            return [line.rstrip("\n") for line in deque(file, maxlen=count)]
    except FileNotFoundError:
        return []


def follow(logs: list[Path]) -> Iterator[tuple[Path, str]]:
    """Yield each line written from this call on, with its log, until the caller stops.

    A rotated log is read to its end, and the new one from its beginning.
    """
    return _follow([_Reader(log) for log in logs])


def _follow(readers: list[_Reader]) -> Iterator[tuple[Path, str]]:
    while True:
        lines = [(reader.log, line) for reader in readers for line in reader.new_lines()]
        yield from lines
        if not lines:
            time.sleep(_PAUSE_S)


class _Reader:
    def __init__(self, log: Path) -> None:
        self.log = log
        self._started = ""
        self._file = self._opened()
        if self._file:
            self._file.seek(0, os.SEEK_END)

    def new_lines(self) -> list[str]:
        text = self._started + self._rest()
        if self._is_rotated():
            # Lines written between the two calls are still in the old file.
            text += self._rest()
            self._file = self._opened()
            text += self._rest()
        *lines, self._started = text.split("\n")
        return lines

    def _rest(self) -> str:
        return self._file.read() if self._file else ""

    def _opened(self) -> TextIO | None:
        try:
            return self.log.open(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return None

    def _is_rotated(self) -> bool:
        try:
            return self._file is None or not os.path.samestat(os.fstat(self._file.fileno()), self.log.stat())
        except FileNotFoundError:
            return False
