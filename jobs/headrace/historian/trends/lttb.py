"""Largest triangle, three buckets (Steinarsson 2013): a trend of few points that looks like that of all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator

import numpy as np
import pyarrow as pa

from headrace.errors import UserError
from headrace.historian import answers
from headrace.historian.read import reader
from headrace.historian.series.cells import Intervals
from headrace.historian.series.points import Floats, Ints, Points
from headrace.historian.series.status import Status, is_bad

Series = tuple[Ints, Floats, Status]
"""Times that ascend, finite values, and what goes with each."""
Part = tuple[list[str], Intervals, Points]


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


def lttb_of_each(
    read: Callable[[list[str]], Iterable[Part]], names: list[str], intervals: Intervals, count: int
) -> pa.Table:
    """`count` readings of each tag that are not bad, of all the time of `intervals`: a table of VALUES.

    `read` gives parts of tags with all of the intervals, or of one tag with some of them, in the order of time. A tag
    in several parts is read twice: how many readings there are says where a bucket ends.
    """
    found: dict[str, pa.Table] = {}
    totals: Counter[str] = Counter()
    for part in read(names):
        some, pieces, _ = part
        if len(pieces) == len(intervals):
            for tag, name in enumerate(some):
                series = _inside(part, tag)
                found[name] = _table(name, lttb([series], len(series[0]), count))
        else:
            totals[some[0]] += len(_inside(part, 0)[0])
    for name, total in totals.items():
        _refuse_large(name, total, count)
        found[name] = _table(name, lttb((_inside(part, 0) for part in read([name])), total, count))
    return pa.concat_tables([found[name] for name in names])


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


def _inside(part: Part, tag: int) -> Series:
    """The readings of a tag that are in the time of the part, and not bad."""
    _, intervals, points = part
    of = slice(points.offsets[tag], points.offsets[tag + 1])
    ts, value, quality = points.ts[of], points.value[of], points.quality[of]
    within = (ts >= intervals.start.min()) & (ts < intervals.end.max()) & ~is_bad(quality)
    return ts[within], value[within], quality[within]


def _refuse_large(name: str, total: int, count: int) -> None:
    if total // (count - 2) > reader.MAX_HELD:
        what = (
            f"of {total:,} readings of '{name}', each of {count:,} points would stand for more than {reader.MAX_HELD:,}"
        )
        raise UserError(what, fix="ask for more points, or for less time")


def _table(name: str, series: Series) -> pa.Table:
    ts, value, quality = series
    return answers.values([name], np.zeros(len(ts), np.int64), ts, value, quality)
