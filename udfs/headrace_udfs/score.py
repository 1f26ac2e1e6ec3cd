"""The modified z-score: the distance of a reading from the usual readings of its tag.

Iglewicz and Hoaglin, How to Detect and Handle Outliers (ASQC Basic References in Quality Control, vol. 16, 1993):
M = 0.6745 (x - median) / MAD, an outlier if |M| > 3.5. Median and MAD stay stable even if up to half of the readings
they are learned from are outliers; 0.6745, the 0.75 quantile of the standard normal distribution, makes M a z-score
if readings are normally distributed.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from headrace_udfs.arrays import Doubles

Booleans = npt.NDArray[np.bool_]

NORMAL_QUARTILE = 0.6745
"""The 0.75 quantile of the standard normal distribution."""

LIMIT = 3.5
"""The absolute score above which a reading is an anomaly."""

_UNCERTAIN = 0x40000000
_FAR = 1e300


def modified_z(value: Doubles, quality: npt.NDArray[np.int64], median: Doubles, mad: Doubles) -> Doubles:
    """Return the modified z-scores, dimensionless float64; NaN where a reading has no score.

    A reading has no score if it has no value or no baseline, if its quality is not good, or if its MAD is 0: more than
    half of the readings were equal, which leaves no scale to measure a distance with. Neither has one beyond 1e300
    MADs, such as with a MAD of 1e-310, which is rounding.
    value, median, mad: float64 arrays of one length in the tag's unit, NaN for null. quality: int64 OPC UA StatusCodes.
    """
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        score = NORMAL_QUARTILE * (value - median) / mad
        known = (mad > 0) & (np.abs(value - median) / mad <= _FAR)
    return np.where((quality >= 0) & (quality < _UNCERTAIN) & known, score, np.nan)


def is_anomaly(score: Doubles) -> Booleans:
    """Return, for each score, whether its absolute value is above LIMIT; False for NaN."""
    return np.abs(score) > LIMIT


class Baseline(NamedTuple):
    """Median and median absolute deviation (MAD) of a tag's readings, in its unit; NaN if there were no readings."""

    median: float
    mad: float


def baseline(values: Doubles) -> Baseline:
    """Return the baseline of `values` (float64, in the tag's unit), ignoring NaN."""
    kept = values[~np.isnan(values)]
    if not len(kept):
        return Baseline(np.nan, np.nan)
    median = np.median(kept)
    return Baseline(float(median), float(np.median(np.abs(kept - median))))
