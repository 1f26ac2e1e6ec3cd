"""Thresholds by a budget of false events, from what each channel did in the training span.

A channel's largest value per block of instants, as long as an event lasts, is nearly independent of the next block's.
Above a high value the excess of such maxima is close to exponential (Pickands, Annals of Statistics 3, 1975; Coles, An
Introduction to Statistical Modeling of Extreme Values, 2001), so the number per month falls tenfold for each
scale * log(10). The scale is the median excess over log(2), not the mean: the training span has real faults in it, a
few far values, and these must not raise the threshold.

A tail that is not exponential, such as that of a direction, which cannot be off by more than half a turn, would put the
threshold where no value can be. So it is at most as far above the span's highest maximum as that is too frequent: what
is independent and alike exceeds the highest of n values once in the next n.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from headrace_udfs.arrays import Doubles
from headrace_udfs.scoring.channels import CHANNELS, SPANS

_LEAST_LEVEL = {"stuck": 6.0, "turned": 10 * np.sqrt(SPANS[2])}
_PER_MONTH = 5
_MOST, _LEAST = 60, 8
_EVENT_GAP = 6


@dataclass(frozen=True)
class Thresholds:
    """level: float64 [channels, tags], where the budget's share is expected; scale: the same shape, of the tail."""

    level: Doubles
    scale: Doubles

    def only(self, tags: npt.NDArray[np.bool_]) -> Thresholds:
        """Return the same with NaN for the other tags."""
        return Thresholds(np.where(tags, self.level, np.nan), np.where(tags, self.scale, np.nan))

    def rarity(self, statistics: Doubles, budget: float) -> Doubles:
        """Return log10 of the months between events as large as `statistics` [channels, n, tags], for each channel.

        At the channel's threshold it is log10(1 / budget): what all channels together raise once in that time.
        """
        above = (statistics - self.level[:, None]) / (self.scale[:, None] * np.log(10))
        return np.asarray(above - np.log10(budget))


def calibrated(
    statistics: Doubles,
    months: float,
    budget: float,
    turns: npt.NDArray[np.bool_],
    watched: Sequence[str] = CHANNELS,
) -> Thresholds:
    """Return the thresholds of each channel and tag, at a budget of false events per tag and month.

    statistics: float64 [channels, n, tags] of models that did not learn from those instants, over `months`. watched:
    the channels that are; the others are never an anomaly. All of them share the budget but `turned`, whose least level
    is far above what is usual. turns: bool [tags], the angles with peers, which have that channel.
    """
    tags = statistics.shape[2]
    level, scale = np.full((len(CHANNELS), tags), np.inf), np.ones((len(CHANNELS), tags))
    wanted = budget / len([name for name in watched if name != "turned"])
    for channel, name in enumerate(CHANNELS):
        if name not in watched:
            continue
        block = _block(name)
        for tag in np.flatnonzero(turns) if name == "turned" else range(tags):
            found = _tail(np.nan_to_num(statistics[channel, :, tag]), block, months)
            if found:
                start, highest, scale[channel, tag], per_month = found
                from_ = [(start, per_month)] + ([(highest, 1 / months)] if name != "stuck" else [])
                level[channel, tag] = min(
                    base + scale[channel, tag] * max(0.0, np.log(rate / wanted)) for base, rate in from_
                )
    for name, least in _LEAST_LEVEL.items():
        level[CHANNELS.index(name)] = np.maximum(level[CHANNELS.index(name)], least)
    return Thresholds(level, scale)


def _block(name: str) -> int:
    return dict(zip(("shift_1h", "shift_8h", "shift_2d", "turned"), (*SPANS, SPANS[2]), strict=True)).get(name, 12)


def _tail(values: Doubles, block: int, months: float) -> tuple[float, float, float, float] | None:
    """Return where the tail starts, the highest value, the tail's scale, and how many blocks per month reach it."""
    block = max(12, block)
    blocks = len(values) // block
    count = min(int(np.clip(_PER_MONTH * months, _LEAST, _MOST)), blocks // 3)
    if count < 2:
        return None
    peaks = np.sort(values[: blocks * block].reshape(blocks, block).max(axis=1))[::-1]
    start = float(peaks[count])
    excess = peaks[:count] - start
    least = max(1e-3 * (abs(start) + 1e-3), 1e-6)
    usual = float(np.mean(np.sort(excess)[: int(0.8 * count) + 1]))
    return start, float(peaks[0]), max(float(np.median(excess)) / np.log(2), usual, least), count / months


def events_per_month(rarity: Doubles, budget: float, months: float) -> Doubles:
    """Return the events per month of each tag in `rarity` [channels, n, tags]: flags 6 instants apart are one event."""
    flags = (rarity > -np.log10(budget)).any(axis=0)
    padded = np.concatenate([np.zeros((_EVENT_GAP, flags.shape[1]), bool), flags])
    recent = np.lib.stride_tricks.sliding_window_view(padded[:-1], _EVENT_GAP, axis=0).any(axis=2)
    return np.asarray((flags & ~recent).sum(axis=0) / months)
