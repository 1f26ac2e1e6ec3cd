"""Sums and extremes over ranges [start, stop) of an array: one pass for all ranges, whatever their number."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import numpy.typing as npt

from headrace.historian.series.points import Floats, Ints
from headrace.historian.series.status import Mask

T = TypeVar("T", bound=np.generic)


def over(ufunc: np.ufunc, values: npt.NDArray[T], start: Ints, stop: Ints, empty: float) -> npt.NDArray[T]:
    """`ufunc` reduced over values[start:stop] for each range; `empty` where a range is."""
    if not len(start):
        return np.empty(0, values.dtype)
    padded = np.append(values, values.dtype.type(empty))
    ends = np.column_stack((start, stop)).ravel()
    found: npt.NDArray[T] = ufunc.reduceat(padded, ends)[::2]
    return np.where(stop > start, found, values.dtype.type(empty))


def total(values: Floats, start: Ints, stop: Ints) -> Floats:
    """The sum of each range; 0 where it is empty."""
    return over(np.add, values, start, stop, 0.0)


def count(mask: Mask, start: Ints, stop: Ints) -> Ints:
    """How many of `mask` are true in each range."""
    before = np.concatenate(([0], np.cumsum(mask)))
    found: Ints = before[stop] - before[start]
    return found


def spread(start: Ints, stop: Ints) -> tuple[Ints, Ints]:
    """All indices of all ranges, one range after the other, and for each index the number of its range."""
    sizes = stop - start
    group = np.repeat(np.arange(len(start)), sizes)
    within = np.arange(len(group)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return start[group] + within, group


def first_where(mask: Mask, start: Ints, stop: Ints) -> Ints:
    """The first index of each range at which `mask` is true; -1 where there is none."""
    following = np.append(np.where(mask, np.arange(len(mask)), len(mask)), len(mask))
    following = np.minimum.accumulate(following[::-1])[::-1]
    found = following[start]
    return np.where(found < stop, found, -1)


def last_where(mask: Mask, start: Ints, stop: Ints) -> Ints:
    """The last index of each range at which `mask` is true; -1 where there is none."""
    leading = np.maximum.accumulate(np.concatenate(([-1], np.where(mask, np.arange(len(mask)), -1))))
    found = leading[stop]
    return np.where(found >= start, found, -1)
