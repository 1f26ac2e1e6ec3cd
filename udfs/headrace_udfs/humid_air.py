"""Functions of air and the water in it.

Dew point: WMO-No. 8, Guide to Instruments and Methods of Observation, volume I, annex 4.B: the Magnus formula over
water, valid from -45 to 60 degC.
Density: IEC 61400-12-1, power performance of wind turbines: the density of humid air, with the vapour pressure
0.0000205 exp(0.0631846 T), T in kelvin.
"""

from __future__ import annotations

import numpy as np

from headrace_udfs.arrays import Doubles

LOWEST, HIGHEST = -45.0, 60.0
"""Bounds of the Magnus formula over water, degC."""

_MAGNUS_SLOPE, _MAGNUS_ZERO = 17.62, 243.12
_DRY_AIR, _VAPOUR = 287.05, 461.5  # specific gas constants, J/(kg K)
_KELVIN = 273.15


def dew_point(temperature: Doubles, humidity: Doubles) -> Doubles:
    """Return the dew points in degC; NaN where an input or the dew point itself is outside the formula's bounds.

    temperature: float64, degC, LOWEST to HIGHEST. humidity: float64, relative, % over water, above 0 up to 100.
    Formula: Magnus over water, WMO-No. 8, volume I, annex 4.B.
    """
    known = (temperature >= LOWEST) & (temperature <= HIGHEST) & (humidity > 0) & (humidity <= 100)
    with np.errstate(all="ignore"):
        exponent = np.log(humidity / 100) + _MAGNUS_SLOPE * temperature / (_MAGNUS_ZERO + temperature)
        point = _MAGNUS_ZERO * exponent / (_MAGNUS_SLOPE - exponent)
    return np.where(known & (point >= LOWEST), point, np.nan)


def moist_air_density(temperature: Doubles, pressure: Doubles, humidity: Doubles) -> Doubles:
    """Return the densities of humid air in kg/m3; NaN where an input is outside its bounds.

    temperature: float64, degC, LOWEST to HIGHEST. pressure: float64, absolute, hPa, 300 to 1100. humidity: float64,
    relative, %, 0 to 100. Formula: IEC 61400-12-1.
    """
    known = (temperature >= LOWEST) & (temperature <= HIGHEST) & (humidity >= 0) & (humidity <= 100)
    known &= (pressure >= 300) & (pressure <= 1100)
    with np.errstate(all="ignore"):
        kelvin = temperature + _KELVIN
        vapour = humidity / 100 * 0.0000205 * np.exp(0.0631846 * kelvin)
        density = (pressure * 100 / _DRY_AIR - vapour * (1 / _DRY_AIR - 1 / _VAPOUR)) / kelvin
    return np.where(known, density, np.nan)
