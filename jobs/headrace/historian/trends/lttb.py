"""Largest triangle, three buckets (Steinarsson 2013): a trend of few points that looks like that of all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from headrace.historian.series.points import Floats, Ints
from headrace.historian.series.status import Status

Series = tuple[Ints, Floats, Status]
"""Times that ascend, finite values, and what goes with each."""


def lttb(parts: Iterable[Series], total: int, count: int) -> Series:
    """`count` of the `total` points in `parts`, the first and the last among them; all, where there are no more.

    Between first and last the points are cut into count - 2 buckets of equal number; of each the point is kept that
    spans the largest triangle with the one kept before and the next bucket's mean. Two buckets are held at a time.
    """
    if count >= total:
        return _joined(list(parts))
    edges = [0, *np.linspace(1, total - 1, count - 1).astype(np.int64).tolist(), total]
    buckets = _cut(parts, np.diff(edges).tolist())
    last = next(buckets)
    kept, bucket = [last], next(buckets)
    origin = int(last[0][0])  # times are small enough then to multiply without losing digits
    # Each choice rests on the one before, so buckets are gone through one by one.
    for after in buckets:
        last = _largest(bucket, last, after, origin)
        kept.append(last)
        bucket = after
    return _joined([*kept, bucket])


def _largest(bucket: Series, last: Series, after: Series, origin: int) -> Series:
    """The one point of `bucket` that spans the largest triangle."""
    x, last_x, next_x = ((each[0] - origin).astype(float) for each in (bucket, last, after))
    value, last_value, next_value = bucket[1], last[1][0], after[1].mean()
    across = (last_x[0] - next_x.mean()) * (value - last_value)
    at = int(np.argmax(np.abs(across - (last_x[0] - x) * (next_value - last_value))))
    return _slice(bucket, at, at + 1)


def _cut(parts: Iterable[Series], lengths: list[int]) -> Iterator[Series]:
    """The points of all parts, anew in parts of these lengths."""
    waiting: list[Series] = []
    held = 0
    left = iter(parts)
    for length in lengths:
        while held < length:
            waiting.append(next(left))
            held += len(waiting[-1][0])
        whole = _joined(waiting)
        yield _slice(whole, 0, length)
        waiting, held = [_slice(whole, length, held)], held - length


def _slice(series: Series, start: int, stop: int) -> Series:
    ts, value, status = series
    return ts[start:stop], value[start:stop], status[start:stop]


def _joined(parts: list[Series]) -> Series:
    if len(parts) == 1:
        return parts[0]
    ts, value, status = (np.concatenate(each) for each in zip(*parts, strict=True))
    return ts, value, status
