"""Largest triangle, three buckets (Steinarsson 2013): a trend of few points that looks like that of all."""

from __future__ import annotations

import numpy as np

from headrace.historian.cells import Intervals
from headrace.historian.points import Floats, Ints, Points
from headrace.historian.status import is_bad


def lttb(ts: Ints, value: Floats, count: int) -> Ints:
    """Indices of `count` of the points, the first and the last among them; all, where there are no more.

    `ts` ascends, `value` is finite. Between first and last the points are cut into count - 2 buckets of equal number;
    of each the point is kept that spans the largest triangle with the one kept before and the next bucket's mean.
    """
    total = len(ts)
    if count >= total or total <= 2:
        return np.arange(total)
    if count <= 2:
        return np.unique([0, total - 1])[:count]
    x = (ts - ts[0]).astype(float)  # small enough to multiply without losing digits
    edges = np.linspace(1, total - 1, count - 1).astype(np.int64)
    kept = np.empty(count, np.int64)
    kept[0], kept[-1] = 0, total - 1
    # Each choice rests on the one before, so buckets are gone through one by one.
    for bucket in range(count - 2):
        low, high = edges[bucket], edges[bucket + 1]
        after = slice(high, edges[bucket + 2]) if bucket + 2 < len(edges) else slice(total - 1, total)
        last, next_x, next_value = kept[bucket], x[after].mean(), value[after].mean()
        across = (x[last] - next_x) * (value[low:high] - value[last])
        area = np.abs(across - (x[last] - x[low:high]) * (next_value - value[last]))
        kept[bucket + 1] = low + np.argmax(area)
    return kept


def lttb_of_each(points: Points, intervals: Intervals, count: int) -> Ints:
    """The indices of `count` readings of each tag that are not bad, of all the time of `intervals`."""
    within = (points.ts >= intervals.start.min()) & (points.ts < intervals.end.max()) & ~is_bad(points.quality)
    at, kept = np.flatnonzero(within), points.where(within)
    ranges = [slice(low, high) for low, high in zip(kept.offsets[:-1], kept.offsets[1:], strict=True)]
    chosen = [at[each][lttb(kept.ts[each], kept.value[each], count)] for each in ranges]
    return np.concatenate([np.empty(0, np.int64), *chosen])
