"""The value of a tag at a time at which it may have no reading: the bounding values of Part 13, 3.1.8 and 3.1.9."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from headrace.historian.aggregates import reduce
from headrace.historian.series.configuration import Configuration
from headrace.historian.series.points import Floats, Ints, Points
from headrace.historian.series.status import (
    BAD_NO_DATA,
    GOOD,
    UNCERTAIN_SUBNORMAL,
    Bits,
    Mask,
    Status,
    is_good,
    with_bits,
)


@dataclass(frozen=True)
class Bound:
    """One value per pair of tag and time; `value` is NaN if `status` is bad.

    `usable` is whether the value may enter a calculation. `status` has the bit Interpolated if there is no reading at
    the time.
    """

    value: Floats
    status: Status
    usable: Mask


def interpolated(
    points: Points, tag: Ints, time: Ints, stepped: Mask, configuration: Configuration, *, arriving: bool = False
) -> Bound:
    """Return the bounding value interpolated between the nearest usable readings on both sides, however far (3.1.8).

    `tag`, `time` (microseconds since 1970, UTC) and `stepped` (whether the value holds between readings) have one item
    per pair. A usable reading at the time is returned unchanged; of several, the last one, or the first if the value is
    the one `arriving` at that time. The status is Uncertain_DataSubNormal if an unusable reading was skipped, if a
    reading used is uncertain, and after a tag's last usable reading, where the value is extrapolated; it is Bad_NoData
    before the first usable reading.
    """
    usable = configuration.usable(points.quality)
    low, high = points.offsets[tag], points.offsets[tag + 1]
    left, right = points.find(tag, time, "left"), points.find(tag, time, "right")
    at = reduce.first_where(usable, left, right) if arriving else reduce.last_where(usable, left, right)
    early = reduce.last_where(usable, low, left)
    late = reduce.first_where(usable, right, high)
    slope_ends = late
    if configuration.use_sloped_extrapolation:
        slope_ends = np.where(late >= 0, late, _second_early(points, usable, tag, early))
    held = stepped | (slope_ends < 0)
    value = np.where(held, _take(points.value, early), _line(points, early, slope_ends, time))

    behind = np.where(stepped, right, np.where(late >= 0, late, high))
    passed_over = (behind - early - 1) > reduce.count(usable, early + 1, np.maximum(behind, early + 1))
    beyond = np.where(stepped, right == high, late < 0)
    doubtful = ~_good(points, early) | passed_over | beyond | (~stepped & (late >= 0) & ~_good(points, late))
    status = with_bits(np.where(doubtful, UNCERTAIN_SUBNORMAL, GOOD), Bits.INTERPOLATED)
    status = np.where(early < 0, BAD_NO_DATA, status)
    return _or_raw(points, at, Bound(value, status, early >= 0))


def simple(
    points: Points, tag: Ints, time: Ints, stepped: Mask, configuration: Configuration, *, arriving: bool = False
) -> Bound:
    """Return the simple bounding value, from the adjacent readings of any quality on both sides (3.1.9).

    Arguments as for `interpolated`. A reading at the time is returned unchanged, even a bad one. The status is
    Bad_NoData before a tag's first reading, after its last, after a bad reading, and, unless the tag is stepped, after
    any unusable reading. If the line would lead to an unusable reading, the value before it holds, with
    Uncertain_DataSubNormal.
    """
    usable = configuration.usable(points.quality)
    low, high = points.offsets[tag], points.offsets[tag + 1]
    left, right = points.find(tag, time, "left"), points.find(tag, time, "right")
    at = np.where(right > left, left if arriving else right - 1, -1)
    early = np.where(left > low, left - 1, -1)
    late = np.where(right < high, right, -1)
    usable_early, usable_late = _flag(usable, early), _flag(usable, late)
    # The value of a stepped tag is known even if its reading is not usable; a line from such a reading would not be.
    known = (late >= 0) & (usable_early | (stepped & ~np.isnan(_take(points.value, early))))
    sloped = ~stepped & usable_late
    value = np.where(sloped, _line(points, early, late, time), _take(points.value, early))
    doubtful = ~_good(points, early) | (~stepped & ~(usable_late & _good(points, late)))
    status = with_bits(np.where(doubtful, UNCERTAIN_SUBNORMAL, GOOD), Bits.INTERPOLATED)
    bound = Bound(np.where(known, value, np.nan), np.where(known, status, BAD_NO_DATA), known & usable_early)
    return _or_raw(points, at, bound, usable)


def held(points: Points, tag: Ints, time: Ints, configuration: Configuration) -> Bound:
    """Return value and status of the last reading at or before the time; Bad_NoData before a tag's first reading."""
    at = points.find(tag, time, "right") - 1
    at = np.where(at >= points.offsets[tag], at, -1)
    quality = np.append(points.quality, BAD_NO_DATA)
    return Bound(_take(points.value, at), quality[at], _flag(configuration.usable(points.quality), at))


def _second_early(points: Points, usable: Mask, tag: Ints, early: Ints) -> Ints:
    """Return the last usable reading at an earlier instant than that of `early`, or -1 if there is none."""
    instant = points.find(tag, _take_int(points.ts, early), "left")
    return np.where(early >= 0, reduce.last_where(usable, points.offsets[tag], instant), -1)


def _line(points: Points, first: Ints, second: Ints, time: Ints) -> Floats:
    t0, t1 = _take_int(points.ts, first), _take_int(points.ts, second)
    v0, v1 = _take(points.value, first), _take(points.value, second)
    run = np.where(t1 == t0, 1, t1 - t0)
    line: Floats = v0 + (v1 - v0) * ((time - t0) / run)
    return line


def _or_raw(points: Points, at: Ints, otherwise: Bound, usable: Mask | None = None) -> Bound:
    stored = at >= 0
    return Bound(
        np.where(stored, _take(points.value, at), otherwise.value),
        np.where(stored, points.quality[at] if len(points.quality) else GOOD, otherwise.status),
        np.where(stored, True if usable is None else _flag(usable, at), otherwise.usable),
    )


def _take(values: Floats, index: Ints) -> Floats:
    return np.append(values, np.nan)[index]  # index -1, no reading, takes the NaN


def _take_int(values: Ints, index: Ints) -> Ints:
    return np.append(values, 0)[index]


def _flag(mask: Mask, index: Ints) -> Mask:
    return np.append(mask, False)[index]


def _good(points: Points, index: Ints) -> Mask:
    return np.append(is_good(points.quality), False)[index]
