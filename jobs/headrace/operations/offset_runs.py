"""Runs of offsets: which offsets of a partition are stored, and how far none is missing."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Offsets = NDArray[np.int64]
Runs = NDArray[np.int64]
"""Runs [first, end) of offsets, shape (n, 2), sorted; no two touch."""

NONE: Runs = np.empty((0, 2), np.int64)


def runs(offsets: Offsets) -> Runs:
    """Return the runs of offsets in any order, repeated or not: 3, 9, 4, 5, 5 becomes (3, 6), (9, 10)."""
    return union(NONE, np.stack([offsets, offsets + 1], axis=1))


def ranges(offsets: Offsets) -> list[tuple[int, int]]:
    """Return the runs of offsets as pairs of plain numbers, [first, end)."""
    return [(first, end) for first, end in runs(offsets).tolist()]


def union(some: Runs, others: Runs) -> Runs:
    """Return the runs of offsets in either, shapes (n, 2) and (m, 2); the arguments may be unsorted and overlap."""
    both = np.concatenate([some, others])
    if not len(both):
        return NONE
    both = both[np.argsort(both[:, 0], kind="stable")]
    reached = np.maximum.accumulate(both[:, 1])
    opens = np.concatenate([[True], both[1:, 0] > reached[:-1]])
    closes = np.concatenate([opens[1:], [True]])
    return np.stack([both[opens, 0], reached[closes]], axis=1)


def reach(start: int, stored: Runs, next_record: Callable[[int], int | None]) -> tuple[int, bool]:
    """Return the offset up to which every record from `start` is stored, and whether one is stored beyond a gap.

    `next_record(offset)` returns the first offset, at or after `offset`, at which the topic holds a record. Missing
    offsets that hold no record are not a gap.
    """
    at = start
    for first, end in stored.tolist():
        if end <= at:
            continue
        if first > at:
            record = next_record(at)
            if record is not None and record < first:
                return at, True
        at = end
    return at, False
