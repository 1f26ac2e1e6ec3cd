"""The boiling point of water: IAPWS-IF97 (IAPWS R7-97), region 4."""

from __future__ import annotations

import numpy as np

from headrace_udfs.arrays import Doubles

TRIPLE_POINT, CRITICAL_POINT = 0.00611213, 220.64
"""Bounds of the saturation line, bar absolute; the lower one is the bound of IF97, at 0 degC."""

# Table 34 of IAPWS R7-97, from n1 to n10.
_N = (
    0.11670521452767e4, -0.72421316703206e6, -0.17073846940092e2, 0.12020824702470e5, -0.32325550322333e7,
    0.14915108613530e2, -0.48232657361591e4, 0.40511340542057e6, -0.23855557567849, 0.65017534844798e3,
)  # fmt: skip
_MEGAPASCAL_IN_BAR = 10
_KELVIN = 273.15


def steam_saturation_temperature(pressure: Doubles) -> Doubles:
    """Return the temperatures in degC at which water boils; NaN outside the saturation line.

    pressure: float64, absolute, bar, TRIPLE_POINT to CRITICAL_POINT. Formula: equation 31 of IAPWS-IF97.
    """
    n1, n2, n3, n4, n5, n6, n7, n8, n9, n10 = _N
    with np.errstate(all="ignore"):
        # Two square roots are correctly rounded and faster than a power of 0.25.
        beta = np.sqrt(np.sqrt(pressure / _MEGAPASCAL_IN_BAR))
        e = beta * beta + n3 * beta + n6
        f = n1 * beta * beta + n4 * beta + n7
        g = n2 * beta * beta + n5 * beta + n8
        d = 2 * g / (-f - np.sqrt(f * f - 4 * e * g))
        kelvin = (n10 + d - np.sqrt((n10 + d) ** 2 - 4 * (n9 + n10 * d))) / 2
    return np.where((pressure >= TRIPLE_POINT) & (pressure <= CRITICAL_POINT), kelvin - _KELVIN, np.nan)
