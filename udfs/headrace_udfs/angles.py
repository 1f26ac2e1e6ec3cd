"""Directions on a circle of 360 degrees."""

from __future__ import annotations

import numpy as np

from headrace_udfs.arrays import Doubles


def angle_difference(angle: Doubles, reference: Doubles) -> Doubles:
    """Return the shorter turn from reference to angle, in degrees: above -180 up to 180, clockwise positive.

    angle, reference: float64 arrays of one length, in degrees, any finite number of turns. The result has their
    length and is NaN where either input is not finite.
    """
    with np.errstate(all="ignore"):
        turn = np.fmod(angle - reference, 360.0)
    shorter: Doubles = turn - 360.0 * (turn > 180) + 360.0 * (turn <= -180)
    return shorter
