"""Which offsets of a partition are stored, as runs, and how far from the first of them none is missing."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Runs = NDArray[np.int64]
"""Runs [first, end) of offsets, shape (n, 2), sorted; no two touch."""

NONE: Runs = np.empty((0, 2), np.int64)


def runs(offsets: NDArray[np.int64]) -> Runs:
    """The runs of offsets in any order, each as often as may be."""
    return union(NONE, np.stack([offsets, offsets + 1], axis=1))


def union(some: Runs, others: Runs) -> Runs:
    """What is in one or the other, shapes (n, 2) and (m, 2); those given need not be sorted, and may overlap."""
    both = np.concatenate([some, others])
    if not len(both):
        return NONE
    both = both[np.argsort(both[:, 0], kind="stable")]
    reached = np.maximum.accumulate(both[:, 1])
    opens = np.concatenate([[True], both[1:, 0] > reached[:-1]])
    closes = np.concatenate([opens[1:], [True]])
    return np.stack([both[opens, 0], reached[closes]], axis=1)


def reach(start: int, stored: Runs, next_record: Callable[[int], int | None]) -> tuple[int, bool]:
    """How far from `start` on each record is stored, and whether there is one stored beyond.

    `next_record(offset)` is the first offset, from that one on, at which the topic holds a record: where it lies behind
    a gap, the gap is none.
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
