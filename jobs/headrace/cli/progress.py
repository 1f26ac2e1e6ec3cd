"""Progress of a command with several steps, on standard error: bars on a terminal, lines elsewhere."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from headrace.cli.common import log

if TYPE_CHECKING:
    from rich.progress import TaskID

    Progress = Callable[[str, int | None, int | None], None]

EVERY_S = 10
"""Seconds between two lines of one step if standard error is not a terminal."""


@contextmanager
def steps() -> Iterator[Progress]:
    """Yield a function to call with the name of the current step and, if known, how much is done and the total.

    On a terminal each step has a line with a spinner, a bar and its time. Elsewhere, as in the log of a CI pipeline, a
    line is printed when a step starts, every EVERY_S seconds, and when the step is done.
    """
    if log.is_terminal:
        with _bars() as progress:
            yield progress
        return
    lines = Lines(lambda line: log.print(line, highlight=False, markup=False, soft_wrap=True), time.monotonic)
    ended = threading.Event()
    ticker = threading.Thread(target=lambda: _tick(lines, ended), daemon=True)
    ticker.start()
    try:
        yield lines.progress
        lines.end()
    finally:
        ended.set()
        ticker.join()


class Lines:
    """Progress as lines of text, each passed to `write`; `clock` returns seconds."""

    def __init__(self, write: Callable[[str], None], clock: Callable[[], float]) -> None:
        self._write, self._clock = write, clock
        self._lock = threading.Lock()
        self._step = self._count = ""
        self._since = self._last = 0.0

    def progress(self, step: str, done: int | None, total: int | None) -> None:
        """Record the progress of the current step; a new name ends the previous step."""
        if step != self._step:
            self.end()
            with self._lock:
                self._since = self._last = self._clock()
                self._step = step
            self._write(f"{step} ...")
        if done is not None:
            self._count = f": {done:,} of {total:,}"

    def tick(self) -> None:
        """Write a line about the current step if its last line was written at least EVERY_S seconds ago."""
        with self._lock:
            now = self._clock()
            if self._step and now - self._last >= EVERY_S:
                self._last = now
                self._write(f"{self._step}{self._count} ({now - self._since:.0f} s)")

    def end(self) -> None:
        """Write a line that reports the current step as done, if there is one."""
        with self._lock:
            if self._step:
                self._write(f"{self._step}{self._count}, done in {self._clock() - self._since:.0f} s")
            self._step = self._count = ""


def _tick(lines: Lines, ended: threading.Event) -> None:
    while not ended.wait(1):
        lines.tick()


@contextmanager
def _bars() -> Iterator[Progress]:
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (
        SpinnerColumn(finished_text="[green]done[/]"),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[count]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=log) as shown:
        task: TaskID | None = None
        current = ""

        def progress(step: str, done: int | None, total: int | None) -> None:
            nonlocal task, current
            if step != current:
                if task is not None:
                    shown.update(task, total=1, completed=1)
                    shown.stop_task(task)
                task, current = shown.add_task(step, total=total, count=""), step
            if task is not None and done is not None:
                shown.update(task, total=total, completed=done, count=f"{done:,} of {total:,}")

        yield progress
        if task is not None:
            shown.update(task, total=1, completed=1)
