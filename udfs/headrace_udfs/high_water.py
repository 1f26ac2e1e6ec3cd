"""The event time that all partitions of one reader have reached.

A Kafka reader receives its partitions in turns: thousands of records of one, then of the next. A watermark that follows
the newest reading of all partitions would make the records of the other partitions late, so it follows the partition
that is furthest behind.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from headrace_udfs.times import Micros

IDLE_S = 30.0
"""Seconds without a record after which a partition no longer holds back the event time."""

NOTHING = np.iinfo(np.int64).min
"""The event time of a partition that has had no good record yet."""


class HighWater:
    """Tracks the event time that every partition of one reader has reached.

    partitions: the number of partitions of the topic. readers: the number of readers that share them; Flink assigns to
    one reader all partitions whose numbers are equal modulo `readers`. clock: returns seconds, compared with IDLE_S.
    """

    def __init__(self, partitions: int, readers: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._partitions, self._readers, self._clock = partitions, readers, clock
        self._reached: dict[int, int] = {}
        self._last_record: dict[int, float] = {}
        self._since = clock()

    def advance(self, times: Micros, good: npt.NDArray[np.bool_], partitions: npt.NDArray[np.int64]) -> Micros:
        """Return, for each record, the event time that all partitions have reached once it is read.

        times: event times in microseconds since 1970, used where `good` is true. good, partitions: as long as `times`.
        The result is int64 microseconds since 1970, as long as `times`; NOTHING while any partition that is not idle
        has had no good record.
        """
        now = self._clock()
        for partition in np.unique(partitions).tolist():
            self._expect(partition)
            self._last_record[partition] = now
        active = [p for p, last in self._last_record.items() if now - last <= IDLE_S]
        lowest = np.full(len(times), np.iinfo(np.int64).max)
        for partition in self._reached:
            own = np.where(good & (partitions == partition), times, NOTHING)
            own[:1] = np.maximum(own[:1], self._reached[partition])
            own = np.maximum.accumulate(own)
            self._reached[partition] = int(own[-1]) if len(own) else self._reached[partition]
            if partition in active:
                lowest = np.minimum(lowest, own)
        return lowest

    def _expect(self, partition: int) -> None:
        """Track every partition of the reader that `partition` belongs to."""
        for other in range(partition % self._readers, max(self._partitions, partition + 1), self._readers):
            self._reached.setdefault(other, NOTHING)
            self._last_record.setdefault(other, self._since)
