"""How far a reading is from what its tag usually reads: the modified z-score.

Iglewicz and Hoaglin, How to Detect and Handle Outliers (ASQC Basic References in Quality Control, vol. 16, 1993):
M = 0.6745 (x - median) / MAD, an outlier where |M| > 3.5. Median and MAD hold still when up to half of the readings
they were learned from are outliers themselves; 0.6745, the 0.75 quantile of the standard normal distribution, makes
M a z-score where readings are normally distributed.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]
Booleans = npt.NDArray[np.bool_]

NORMAL_QUARTILE = 0.6745
LIMIT = 3.5
_UNCERTAIN = 0x40000000


def modified_z(value: Doubles, quality: npt.NDArray[np.int64], median: Doubles, mad: Doubles) -> Doubles:
    """The scores, NaN where there is none: no value, no baseline, a quality that is not good, or a MAD of 0.

    A MAD of 0 (over half of the readings were equal) gives no scale to measure a distance by.
    value, median, mad: float64 in the tag's unit, NaN for null. quality: OPC UA StatusCodes.
    """
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        score = NORMAL_QUARTILE * (value - median) / mad
    return np.where((quality >= 0) & (quality < _UNCERTAIN) & (mad > 0), score, np.nan)


def is_anomaly(score: Doubles) -> Booleans:
    """Whether the score is beyond LIMIT; False for NaN."""
    return np.abs(score) > LIMIT


class Baseline(NamedTuple):
    """What a tag usually reads, in its unit; NaN where there was nothing to learn from."""

    median: float
    mad: float


def baseline(values: Doubles) -> Baseline:
    """Median and median absolute deviation of `values`, NaN left out."""
    kept = values[~np.isnan(values)]
    if not len(kept):
        return Baseline(np.nan, np.nan)
    median = np.median(kept)
    return Baseline(float(median), float(np.median(np.abs(kept - median))))
