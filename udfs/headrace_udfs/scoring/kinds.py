"""What kinds of model differ in, besides how they expect a value: which channels they watch, and by which limit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from headrace_udfs.arrays import Doubles
from headrace_udfs.scoring import thresholds
from headrace_udfs.scoring.channels import CHANNELS
from headrace_udfs.scoring.thresholds import Thresholds


@dataclass(frozen=True)
class Kind:
    """name: regime, baseline or onnx. limit: of a baseline without a budget, how many scales from the median.

    A baseline watches the distance from the expected value alone: it has no memory, slow centre or limits of the range.
    A score by a limit is the natural logarithm of (1 + distance) / (1 + limit), and the model's budget is 1.
    """

    name: str
    limit: float | None = None

    @property
    def remembers(self) -> bool:
        """Whether scores depend on earlier readings."""
        return self.name != "baseline"

    def calibrated(self, statistics: Doubles, months: float, budget: float, turns: npt.NDArray[np.bool_]) -> Thresholds:
        """Return the thresholds of the channels that the kind watches, see `thresholds.calibrated`."""
        if self.limit is None:
            watched = CHANNELS if self.remembers else CHANNELS[:1]
            return thresholds.calibrated(statistics, months, budget, turns, watched)
        level = np.full((len(CHANNELS), statistics.shape[2]), np.inf)
        level[0] = np.log1p(self.limit)
        return Thresholds(level, np.full(level.shape, 1 / np.log(10)))


REGIME, ONNX = Kind("regime"), Kind("onnx")
