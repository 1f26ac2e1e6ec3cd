"""Real stops and sensor faults of the farm, found by rules of physics, not by any scorer.

The rows that the rules mark are left out of the false alarms, and no fault is injected where they are frequent.
"""

from __future__ import annotations

import numpy as np

from bench.scoring.farm import ROWS_PER_DAY, ROWS_PER_HOUR, Booleans, Doubles, Readings
from headrace_udfs.angles import angle_difference

POWER_CURVE_WIND = np.array([0, 3.5, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14.5])
"""Wind speeds of the power curve, in m/s."""

POWER_CURVE_KW = np.array([0, 0, 64, 159, 314, 511, 767, 1096, 1439, 1700, 1912, 2000, 2050])
"""The power of the MM82 turbine at those wind speeds, as its maker publishes it, in kW."""

RUNNING_WIND = 5.0
"""The wind speed (m/s) from which a turbine that is not stopped or curtailed gives at least half its power curve."""

LIMITS = {
    "pitch_angle": (-10, 100),
    "active_power": (-50, 2200),
    "wind_speed": (0, 40),
    "vane_angle": (-180, 180),
    "outdoor_temperature": (-30, 45),
    "nacelle_direction": (0, 360),
    "wind_direction": (0, 360),
}
"""What each signal can physically be, in its unit."""

FROZEN_ROWS = 3 * ROWS_PER_HOUR
_FREEZABLE = ("wind_speed", "wind_direction", "vane_angle")
_MARGIN = ROWS_PER_HOUR
_PEER_KELVIN = 6.0
_DIRECTIONS = ("nacelle_direction", "wind_direction")
_TURNED = 45.0
"""Degrees. Turbines of a farm stand a few hundred metres apart, in one wind."""


def real_faults(readings: Readings) -> Booleans:
    """Return bool [n, tags]: the rows of each tag in which its turbine is stopped or curtailed or its sensor is wrong.

    Stopped or curtailed: less than half of the power curve at 5 m/s or more; it marks all tags of the turbine. A sensor
    is wrong if it leaves its physical limits, if it shows one wind or vane value for three hours, if a temperature is
    6 K from the median of the turbines, or if a direction is 45 degrees from the others for most of a day. Each span is
    an hour longer at both ends, for starting and stopping.
    """
    marked = np.zeros(readings.values.shape, bool)
    for asset in readings.assets:
        power, wind = (readings.values[:, readings.column(asset, name)] for name in ("active_power", "wind_speed"))
        expected = np.interp(wind, POWER_CURVE_WIND, POWER_CURVE_KW)
        stopped = (wind >= RUNNING_WIND) & (power < 0.5 * expected)
        marked[:, readings.of_asset(asset)] |= stopped[:, None]
    for at, tag in enumerate(readings.tags):
        low, high = LIMITS[tag.signal]
        values = readings.values[:, at]
        marked[:, at] |= (values < low) | (values > high)
        if tag.signal in _FREEZABLE:
            marked[:, at] |= _frozen(values)
        if tag.signal == "outdoor_temperature":
            marked[:, at] |= np.abs(values - _median(readings, tag.signal)) > _PEER_KELVIN
        if tag.signal in _DIRECTIONS:
            marked[:, at] |= _turned(readings, at)
    return widened(marked, _MARGIN, _MARGIN)


def _median(readings: Readings, signal: str) -> Doubles:
    """Return the median of a signal over the assets, NaN where all are missing."""
    values = readings.values[:, [at for at, tag in enumerate(readings.tags) if tag.signal == signal]]
    there = np.isfinite(values).any(axis=1)
    median = np.full(len(values), np.nan)
    median[there] = np.nanmedian(values[there], axis=1)
    return median


def _turned(readings: Readings, at: int) -> Booleans:
    """Return the rows of days on which a direction is mostly turned from that of the other turbines.

    The turn of an instant is the median of the turns from each of the others, and that of a day is its median.
    """
    tag = readings.tags[at]
    others = [n for n, other in enumerate(readings.tags) if other.signal == tag.signal and n != at]
    with np.errstate(invalid="ignore"):
        turns = angle_difference(readings.values[:, [at] * len(others)], readings.values[:, others])
    middle = np.full(len(turns), np.nan)
    there = np.isfinite(turns).any(axis=1)
    middle[there] = np.nanmedian(turns[there], axis=1)
    marked = np.zeros(len(middle), bool)
    for first in range(0, len(middle), ROWS_PER_DAY):
        day = middle[first : first + ROWS_PER_DAY]
        known = day[np.isfinite(day)]
        marked[first : first + ROWS_PER_DAY] = len(known) > 0 and abs(np.median(known)) > _TURNED
    return marked


def _frozen(values: Doubles) -> Booleans:
    """Return the rows of runs of equal values that are at least FROZEN_ROWS long."""
    ends = np.flatnonzero(np.r_[values[1:] != values[:-1], True])
    lengths = np.diff(np.r_[-1, ends])
    return np.repeat(lengths >= FROZEN_ROWS, lengths)


def widened(marked: Booleans, before: int, after: int) -> Booleans:
    """Return bool [n, tags]: the marked rows, and as many before and after each."""
    total = np.cumsum(np.vstack([np.zeros((1, marked.shape[1]), np.int64), marked]), axis=0)
    rows = np.arange(len(marked))
    return np.asarray(total[np.minimum(rows + before + 1, len(marked))] > total[np.maximum(rows - after, 0)])
