"""Logs of the services: the last lines, and new ones as they come."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

_PAUSE_S = 0.3


def tail(log: Path, count: int) -> list[str]:
    """The last `count` lines, without line ends; [] where there is no log yet."""
    try:
        with log.open(encoding="utf-8", errors="replace") as file:
            return [line.rstrip("\n") for line in deque(file, maxlen=count)]
    except FileNotFoundError:
        return []


def follow(logs: list[Path]) -> Iterator[tuple[Path, str]]:
    """Each line written from this call on, with the log it stands in; goes on until the caller stops.

    A log that is rotated away is read to its end, and the new one from its start.
    """
    return _follow([_Reader(log) for log in logs])


def _follow(readers: list[_Reader]) -> Iterator[tuple[Path, str]]:
    while True:
        found = [(reader.log, line) for reader in readers for line in reader.new_lines()]
        yield from found
        if not found:
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
            # What was written between the two calls is in the old file still.
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
