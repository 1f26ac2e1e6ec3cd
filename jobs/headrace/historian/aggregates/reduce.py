"""Sums, counts and extremes over ranges [start, stop) of an array, in one pass for any number of ranges.

`start` and `stop` have one item per range, and so do results."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import numpy.typing as npt

from headrace.historian.series.points import Floats, Ints
from headrace.historian.series.status import Mask

T = TypeVar("T", bound=np.generic)


def over(ufunc: np.ufunc, values: npt.NDArray[T], start: Ints, stop: Ints, empty: float) -> npt.NDArray[T]:
    """Return `ufunc` reduced over values[start:stop] for each range, and `empty` for an empty range."""
    if not len(start):
        return np.empty(0, values.dtype)
    padded = np.append(values, values.dtype.type(empty))
    ends = np.column_stack((start, stop)).ravel()
    reduced: npt.NDArray[T] = ufunc.reduceat(padded, ends)[::2]
    return np.where(stop > start, reduced, values.dtype.type(empty))


def total(values: Floats, start: Ints, stop: Ints) -> Floats:
    """Return the sum of each range, 0 for an empty range."""
    return over(np.add, values, start, stop, 0.0)


def limited(mean: Floats, lowest: Floats, highest: Floats, start: Ints, stop: Ints) -> Floats:
    """Return the `mean` of each range limited to the extremes in it: the smallest `lowest` and the largest `highest`.

    NaN does not limit. The sum behind a mean is rounded, so that without a limit the mean of equal values could differ
    from them by a bit.
    """
    least, greatest = over(np.fmin, lowest, start, stop, np.nan), over(np.fmax, highest, start, stop, np.nan)
    return np.fmin(np.fmax(mean, least), greatest)


def count(mask: Mask, start: Ints, stop: Ints) -> Ints:
    """Return how many items of `mask` are true in each range."""
    before = np.concatenate(([0], np.cumsum(mask)))
    number: Ints = before[stop] - before[start]
    return number


def spread(start: Ints, stop: Ints) -> tuple[Ints, Ints]:
    """Return the indices of all ranges, one range after the other, and for each index the number of its range."""
    sizes = stop - start
    group = np.repeat(np.arange(len(start)), sizes)
    within = np.arange(len(group)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return start[group] + within, group


def first_where(mask: Mask, start: Ints, stop: Ints) -> Ints:
    """Return the first index of each range at which `mask` is true, or -1 if there is none."""
    following = np.append(np.where(mask, np.arange(len(mask)), len(mask)), len(mask))
    following = np.minimum.accumulate(following[::-1])[::-1]
    index = following[start]
    return np.where(index < stop, index, -1)


def last_where(mask: Mask, start: Ints, stop: Ints) -> Ints:
    """Return the last index of each range at which `mask` is true, or -1 if there is none."""
    leading = np.maximum.accumulate(np.concatenate(([-1], np.where(mask, np.arange(len(mask)), -1))))
    index = leading[stop]
    return np.where(index >= start, index, -1)
