"""When the rows of records become visible in the table."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

import numpy as np
import numpy.typing as npt
from confluent_kafka import Producer

from bench.stand import READINGS, Stand
from bench.topic import START_MS, TAGS
from headrace.environment import iceberg

_EVERY_S = 0.1
_LOOK_S = 0.05

Seconds = npt.NDArray[np.float64]


class Seen:
    """Sends a reading each 0.1 s to partition 0 while it is open, and notes how many rows the table has, and when."""

    def __init__(self, stand: Stand) -> None:
        """Look from the moment it is opened; the table is empty."""
        self._stand = stand
        self._done = threading.Event()
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._send, self._look)]
        self.sent: list[float] = []
        self._rows: list[tuple[float, int]] = []

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        for thread in self._threads:
            thread.join(30)

    @property
    def rows(self) -> int:
        """The number of rows that have been seen."""
        return self._rows[-1][1] if self._rows else 0

    def wait(self, done: Callable[[], bool], limit_s: float) -> None:
        """Wait until `done()`. Raises TimeoutError after limit_s seconds."""
        end = time.monotonic() + limit_s
        while not done():
            if time.monotonic() > end:
                raise TimeoutError(f"{self.rows} of {len(self.sent)} readings were seen within {limit_s:.0f} s")
            time.sleep(_LOOK_S)

    def latencies(self, start: float, end: float) -> Seconds:
        """Return, for each record sent between two times that has been seen, the seconds until it was."""
        times = np.array([at for at, _ in self._rows])
        counts = np.array([rows for _, rows in self._rows])
        sent = np.array(self.sent[: self.rows])
        seen = times[np.searchsorted(counts, np.arange(len(sent)), side="right")]
        of = (sent >= start) & (sent < end)
        waited: Seconds = (seen - sent)[of]
        return waited

    def _send(self) -> None:
        producer = Producer({**self._stand.settings.kafka_client(), "linger.ms": 0})
        while not self._done.wait(_EVERY_S):
            n = len(self.sent)
            payload = b'{"tag":"%s","ts":%d,"value":1.5,"q":192}' % (TAGS[n % 9].encode(), START_MS + n * 100)
            producer.produce(self._stand.topic, payload, partition=0)
            self.sent.append(time.monotonic())
            producer.poll(0)
        producer.flush(30)

    def _look(self) -> None:
        catalog = iceberg.connect(self._stand.settings)
        while not self._done.wait(_LOOK_S):
            rows = iceberg.row_count(iceberg.load_table(catalog, READINGS))
            if rows > self.rows:
                self._rows.append((time.monotonic(), rows))
