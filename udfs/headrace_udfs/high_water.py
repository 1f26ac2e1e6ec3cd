"""How far event time has come in all partitions that one reader reads.

Kafka gives a reader its partitions by turns, thousands of records of one and then of the next. A watermark that follows
the newest reading of all would make late what the other partitions still hold, so it follows the partition that is
furthest behind.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

IDLE_S = 30.0
"""How long a partition may give nothing before it is no longer waited for."""

NOTHING = np.iinfo(np.int64).min
"""The event time of a partition of which nothing is known yet."""
Micros = npt.NDArray[np.int64]


class HighWater:
    """The event time that no partition of one reader is behind.

    `partitions` is how many the topic has, and `readers` how many share them: Flink gives a reader each one whose
    number leaves the same rest by `readers`. `clock` gives seconds, for IDLE_S.
    """

    def __init__(self, partitions: int, readers: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._partitions, self._readers, self._clock = partitions, readers, clock
        self._reached: dict[int, int] = {}
        self._heard: dict[int, float] = {}
        self._since = clock()

    def advance(self, times: Micros, good: npt.NDArray[np.bool_], partitions: npt.NDArray[np.int64]) -> Micros:
        """For each record the event time, in microseconds since 1970, that all partitions have reached by then.

        `times` counts where `good` is true. NOTHING where that is true of a partition that is waited for.
        """
        now = self._clock()
        for partition in np.unique(partitions).tolist():
            self._expect(partition)
            self._heard[partition] = now
        waited_for = [p for p, heard in self._heard.items() if now - heard <= IDLE_S]
        lowest = np.full(len(times), np.iinfo(np.int64).max)
        for partition in self._reached:
            own = np.where(good & (partitions == partition), times, NOTHING)
            own[:1] = np.maximum(own[:1], self._reached[partition])
            own = np.maximum.accumulate(own)
            self._reached[partition] = int(own[-1]) if len(own) else self._reached[partition]
            if partition in waited_for:
                lowest = np.minimum(lowest, own)
        return lowest

    def _expect(self, partition: int) -> None:
        """Wait for each partition that goes to the same reader."""
        for other in range(partition % self._readers, max(self._partitions, partition + 1), self._readers):
            self._reached.setdefault(other, NOTHING)
            self._heard.setdefault(other, self._since)
