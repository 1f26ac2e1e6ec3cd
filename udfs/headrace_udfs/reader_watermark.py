"""The watermark of one reader: the event time that all its partitions have reached, less the contract's lateness."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from headrace_udfs.high_water import NOTHING, HighWater
from headrace_udfs.times import Micros


class ReaderWatermark:
    """Follows the readings of one reader, or the watermarks that it is given instead.

    us: the watermark in microseconds since 1970, a whole millisecond; NOTHING if there is none yet.
    """

    def __init__(self, high_water: HighWater, lateness_us: int) -> None:
        self._high_water, self._lateness_us = high_water, lateness_us
        self.us = NOTHING

    def advance(self, times: Micros, good: npt.NDArray[np.bool_], partition: int) -> None:
        """Follow readings of one partition: their event times in microseconds since 1970, and whether each is good."""
        if not len(times):
            return
        reached = int(self._high_water.advance(times, good, np.full(len(times), partition))[-1])
        if reached != NOTHING:
            self.give(reached - self._lateness_us)

    def give(self, us: int) -> None:
        """Advance to a watermark in microseconds since 1970, unless it is later already."""
        self.us = max(self.us, us // 1000 * 1000)
