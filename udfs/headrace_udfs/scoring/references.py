"""What is taken off each tag first: its median, or of an angle the direction that it follows best."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, permutations

import numpy as np

from headrace_udfs.angles import angle_difference
from headrace_udfs.arrays import Doubles
from headrace_udfs.scoring.expected import Booleans, References

_ANGLE_CLIP = 40.0

Choice = tuple[tuple[int, int], tuple[float, float]]
"""Two sources, and the sign of each; a source with the sign 0 is left out."""


def sums_of(angles: Sequence[int], hour: int) -> list[Choice]:
    """Return each angle, each sum of two and each difference. `hour` is the source that is never missing."""
    single: list[Choice] = [((one, hour), (1.0, 0.0)) for one in angles]
    sums: list[Choice] = [(pair, (1.0, 1.0)) for pair in combinations(angles, 2)]
    return single + sums + [(pair, (1.0, -1.0)) for pair in permutations(angles, 2)]


def alone(peers: Sequence[int], hour: int) -> list[Choice]:
    """Return the peers, if there are any, and nothing but a constant."""
    return [((peer, hour), (1.0, 0.0)) for peer in peers] + [((hour, hour), (0.0, 0.0))]


def nothing(angle: Booleans, hour: int) -> References:
    """Return references that take nothing off any tag."""
    count = len(angle)
    return References(np.full((count, 2), hour), np.zeros((count, 2)), np.zeros(count), angle)


def learned(columns: Doubles, angle: Booleans, hour: int, choices: Sequence[Sequence[Choice]]) -> References:
    """Return what is taken off each tag: its median; of an angle, the choice with the smallest clipped distance.

    columns: float64 [n, sources], those of the tags first. angle: bool [tags]. choices: those of each tag.
    """
    plain = nothing(angle, hour)
    source, sign, constant = plain.source, plain.sign, plain.constant
    for at in range(len(angle)):
        there = columns[np.isfinite(columns[:, at]), at]
        if angle[at] and len(there):
            turns = [_turn(columns, at, choice) for choice in choices[at]]
            middles = [_middle(turn) for turn in turns]
            sizes = [_clipped(turn, middle) for turn, middle in zip(turns, middles, strict=True)]
            best = int(np.argmin(sizes))
            (source[at], sign[at]), constant[at] = choices[at][best], middles[best]
        elif len(there):
            constant[at] = np.median(there)
    return plain


def _turn(columns: Doubles, at: int, choice: Choice) -> Doubles:
    (one, two), (first, second) = choice
    turn = angle_difference(columns[:, at], columns[:, one] * first + columns[:, two] * second)
    return np.asarray(turn[np.isfinite(turn)])


def _middle(turn: Doubles) -> float:
    return float(np.degrees(np.angle(np.mean(np.exp(1j * np.radians(turn)))))) if len(turn) else 0.0


def _clipped(turn: Doubles, middle: float) -> float:
    if not len(turn):
        return np.inf
    return float(np.mean(np.minimum(np.abs(angle_difference(turn, np.full_like(turn, middle))), _ANGLE_CLIP)))
