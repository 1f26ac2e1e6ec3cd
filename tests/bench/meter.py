"""The CPU time and the memory of a contender's processes, including those that end during the run."""

from __future__ import annotations

import contextlib
import threading
from types import TracebackType
from typing import Self

import psutil

_EVERY_S = 0.25

Key = tuple[int, float]


class Meter:
    """Reads the CPU time of watched processes and their descendants a few times per second.

    peak_rss: the most resident bytes that all of them had at one time; pages that they share count once for each.
    A worker that is killed counts with its last reading; its parent's total of ended children would leave it out.
    """

    def __init__(self) -> None:
        self._watched: list[psutil.Process] = []
        self._before: dict[Key, float] = {}
        self._last: dict[Key, float] = {}
        self.peak_rss = 0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._read_repeatedly, name="meter", daemon=True)

    def watch(self, pid: int) -> None:
        """Count the CPU time of this process and its descendants from now on."""
        process = psutil.Process(pid)
        self._before |= _spent([process])
        self._watched.append(process)

    @property
    def cpu_s(self) -> float:
        """Seconds of CPU, user and system."""
        return sum(spent - self._before.get(key, 0.0) for key, spent in self._last.items())

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        self._thread.join()

    def _read_repeatedly(self) -> None:
        ended = False
        while not ended:
            ended = self._done.wait(_EVERY_S)
            self._last |= _spent(list(self._watched))
            self.peak_rss = max(self.peak_rss, _resident(list(self._watched)))


def _resident(roots: list[psutil.Process]) -> int:
    total = 0
    for root in roots:
        with contextlib.suppress(psutil.NoSuchProcess):
            for process in (root, *root.children(recursive=True)):
                with contextlib.suppress(psutil.NoSuchProcess):
                    total += process.memory_info().rss
    return total


def _spent(roots: list[psutil.Process]) -> dict[Key, float]:
    spent: dict[Key, float] = {}
    for root in roots:
        try:
            processes = [root, *root.children(recursive=True)]
        except psutil.NoSuchProcess:
            continue
        for process in processes:
            try:
                times = process.cpu_times()
                spent[process.pid, process.create_time()] = times.user + times.system
            except psutil.NoSuchProcess:
                continue
    return spent
