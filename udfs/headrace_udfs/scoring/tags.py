"""What a model is of: tags, what each is compared with, and which readings cannot be scored."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from headrace_udfs.arrays import Doubles, Positions

LEAST_READINGS = 1000
LEAST_DAYS = 30
"""With fewer readings or a shorter span a tag has no score: it is learning."""

_DAY_US = 86_400_000_000

_SELDOM = 0.002
_ALIKE = 1e-12
FAR = 1e30
"""No quantity in any unit is larger, and no change of one smaller than 1 / FAR: float32 tables could not hold them."""


@dataclass(frozen=True)
class Tag:
    """A tag and its inputs.

    angle: whether its readings are degrees on a circle. mates: tags of the same asset whose readings at the same
    instant explain it. peers: tags with the same signal at other assets; their middle explains it, too, if
    `peers_explain`; else they only serve to tell a faulty tag from its mates.
    """

    name: str
    angle: bool = False
    mates: tuple[str, ...] = ()
    peers: tuple[str, ...] = ()
    peers_explain: bool = True


def refusal(times: Positions, values: Doubles) -> str | None:
    """Return why a tag with these training readings cannot be scored; None if it can.

    times: int64 [n], microseconds since the epoch, ascending. values: float64 [n], NaN where a reading is missing.
    A tag is refused as long as it is learning, and if its readings are constant (but for rounding), have two values,
    only rise (a counter), move at less than 0.2 % of its readings (a setpoint), or are beyond FAR.
    """
    good = np.isfinite(values)
    there, when = values[good], times[good]
    if not len(there):
        return "learning: no reading is a good number yet"
    days = int((when[-1] - when[0]) / _DAY_US)
    if days < LEAST_DAYS - 1:  # the last reading of thirty days is a little less than thirty days after the first
        return f"learning: {days} of {LEAST_DAYS} days"
    if len(there) < LEAST_READINGS:
        return f"learning: {len(there)} of {LEAST_READINGS} readings"
    there = there[np.abs(there) <= FAR]
    if len(there) < LEAST_READINGS:
        return f"not a quantity: its readings are beyond {FAR:g}"
    if np.ptp(there) <= max(_ALIKE * float(np.abs(there).max()), 1 / FAR):  # equal but for rounding
        return "constant"
    distinct = len(np.unique(there))
    steps = np.diff(there)
    if distinct == 2:
        return "a switch: two values"
    if distinct > LEAST_READINGS / 10 and np.mean(steps >= 0) > 0.999:
        return "a counter: it only rises"
    if np.mean(steps != 0) < _SELDOM:
        return "a setpoint: it seldom moves"
    return None


def is_learning(reason: str | None) -> bool:
    """Whether a tag is refused only because it has too few readings yet."""
    return bool(reason) and str(reason).startswith("learning")
