"""Largest triangle, three buckets (Steinarsson 2013): select few points that keep the look of the whole trend."""

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
"""Ascending times, finite values, and a status for each."""
Part = tuple[list[str], Intervals, Points]


def lttb(parts: Iterable[Series], total: int, count: int) -> Series:
    """Return `count` of the `total` points in `parts`, including the first and the last, or all if there are no more.

    The points between the first and the last are divided into count - 2 buckets of equal size. From each bucket, the
    point is selected that forms the largest triangle with the previous selected point and the mean of the next bucket.
    Only two buckets are held in memory at a time.
    """
    if count >= total:
        return _joined(list(parts))
    edges = [0, *np.linspace(1, total - 1, count - 1).astype(np.int64).tolist(), total]
    buckets = _cut(parts, np.diff(edges).tolist())
    last = next(buckets)
    selected, bucket = [last], next(buckets)
    origin = int(last[0][0])  # relative to it, times are small enough to be multiplied without losing digits
    # Each selection depends on the previous one, so the buckets are processed one by one.
    for after in buckets:
        last = _largest(bucket, last, after, origin)
        selected.append(last)
        bucket = after
    return _joined([*selected, bucket])


def lttb_of_each(
    read: Callable[[list[str]], Iterable[Part]], names: list[str], intervals: Intervals, count: int
) -> pa.Table:
    """Return a table of VALUES: `count` readings of each tag that are not bad, from the time of all `intervals`.

    `read` yields parts with several tags and all of the intervals, or with one tag and some of the intervals in the
    order of time. A tag in several parts is read twice, as the total number of readings determines the buckets. Raises
    UserError if one point would stand for more readings than fit in memory.
    """
    tables: dict[str, pa.Table] = {}
    totals: Counter[str] = Counter()
    for part in read(names):
        chunk, pieces, _ = part
        if len(pieces) == len(intervals):
            for tag, name in enumerate(chunk):
                series = _inside(part, tag)
                tables[name] = _table(name, lttb([series], len(series[0]), count))
        else:
            totals[chunk[0]] += len(_inside(part, 0)[0])
    for name, total in totals.items():
        _refuse_large(name, total, count)
        tables[name] = _table(name, lttb((_inside(part, 0) for part in read([name])), total, count))
    return pa.concat_tables([tables[name] for name in names])


def _largest(bucket: Series, last: Series, after: Series, origin: int) -> Series:
    """Return the point of `bucket` that forms the largest triangle."""
    x, last_x, next_x = ((each[0] - origin).astype(float) for each in (bucket, last, after))
    value, last_value, next_value = bucket[1], last[1][0], after[1].mean()
    across = (last_x[0] - next_x.mean()) * (value - last_value)
    at = int(np.argmax(np.abs(across - (last_x[0] - x) * (next_value - last_value))))
    return _slice(bucket, at, at + 1)


def _cut(parts: Iterable[Series], lengths: list[int]) -> Iterator[Series]:
    """Yield the points of all parts, regrouped into parts of these lengths."""
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
    """Return the readings of a tag that lie in the time of the part and are not bad."""
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
        raise UserError(what, fix="use more points, or less time")


def _table(name: str, series: Series) -> pa.Table:
    ts, value, quality = series
    return answers.values([name], np.zeros(len(ts), np.int64), ts, value, quality)
