"""Trends of few points of many tags, each out of readings that need not fit in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

import numpy as np
import pyarrow as pa

from headrace.errors import UserError
from headrace.historian import answers
from headrace.historian.read import reader
from headrace.historian.series.cells import Intervals
from headrace.historian.series.points import Points
from headrace.historian.series.status import is_bad
from headrace.historian.trends.lttb import Series, lttb

Part = tuple[list[str], Intervals, Points]


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
