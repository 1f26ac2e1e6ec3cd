"""Mark readings that are outside of what their sensor can measure.

A sensor that fails often reports the end of its range or a value beyond it. The limits are those of the sensor, not of
normal operation: a machine outside of its normal operation has good readings.
"""

from __future__ import annotations

import numpy as np

from headrace_udfs.arrays import Doubles
from headrace_udfs.quality import Codes
from headrace_udfs.status_codes import SEVERITY

OUT_OF_RANGE = 0x40940000
"""OPC UA's StatusCode Uncertain_EngineeringUnitsExceeded (OPC 10000-8, table of StatusCodes)."""


def marked(value: Doubles, quality: Codes, low: Doubles, high: Doubles) -> Codes:
    """Return the qualities, with OUT_OF_RANGE for a good reading that is below `low` or above `high`.

    A reading at a limit is inside; one that is uncertain or bad already keeps its code, which says more.
    value, low, high: float64 arrays of one length in the tag's unit, NaN for null, which is inside of every range.
    quality: int64 OPC UA StatusCodes.
    """
    good = (quality >= 0) & (quality < SEVERITY["uncertain"])
    return np.where(good & ((value < low) | (value > high)), OUT_OF_RANGE, quality)
