"""Directions on a circle of 360 degrees."""

from __future__ import annotations

import numpy as np

from headrace_udfs.arrays import Doubles


def angle_difference(angle: Doubles, reference: Doubles) -> Doubles:
    """How far to turn from reference to angle the short way round: above -180 up to 180, clockwise positive.

    angle, reference: degrees, any finite number of turns; NaN for the others.
    """
    with np.errstate(all="ignore"):
        turn = np.fmod(angle - reference, 360.0)
    answer: Doubles = turn - 360.0 * (turn > 180) + 360.0 * (turn <= -180)
    return answer
