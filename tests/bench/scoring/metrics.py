"""Measures of scores and flags that no trick of the scorer improves: no point adjustment, no threshold per fault.

Arrays are [rows, tags]; a row without a score is NaN, and is never a flag.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bench.scoring.farm import ROWS_PER_DAY, ROWS_PER_HOUR, Booleans, Doubles, Integers

GAP = ROWS_PER_HOUR
"""Flags of a tag at most this many rows apart are one event."""

_BUFFERS = (0, 6, 18, 36, 72)
_THRESHOLDS = 250


def event_starts(flags: Booleans) -> Booleans:
    """Return bool [rows, tags]: the first flag of each event."""
    total = np.cumsum(np.vstack([np.zeros((1, flags.shape[1]), np.int64), flags]), axis=0)
    rows = np.arange(len(flags))
    return np.asarray(flags & (total[rows] == total[np.maximum(rows - GAP, 0)]))


def spans(flags: Booleans) -> list[tuple[int, int]]:
    """Return the events of one tag, flags bool [rows]: first row and row after the last flag."""
    at = np.flatnonzero(flags)
    if not len(at):
        return []
    new = np.flatnonzero(np.diff(at) > GAP)
    return list(zip(at[np.r_[0, new + 1]].tolist(), (at[np.r_[new, len(at) - 1]] + 1).tolist(), strict=True))


def days_of_events(flags: Booleans) -> list[tuple[int, int]]:
    """Return the events of one tag, those longer than a day in pieces of a day: one endless event is many."""
    return [
        (begin, min(begin + ROWS_PER_DAY, end))
        for start, end in spans(flags)
        for begin in range(start, end, ROWS_PER_DAY)
    ]


def false_events(flags: Booleans, real: Booleans, months: float) -> Doubles:
    """Return the false events per month of each tag in a year without injected faults.

    An event that starts in a row of a real fault is explained by it, and is not counted.
    """
    return np.asarray((event_starts(flags) & ~real).sum(axis=0) / months)


def threshold_at(scores: Doubles, budget: float, rate: Callable[[Booleans], float]) -> float:
    """Return the lowest threshold for all tags at which `rate` of the flags, events per tag and month, is in budget.

    It searches downwards from the highest score: a threshold so low that events merge is not reached.
    """
    ordered = np.sort(scores[np.isfinite(scores)])[::-1]
    if not len(ordered):
        return np.inf
    best = float(ordered[0])
    shares = np.unique(np.geomspace(1, len(ordered) - 1, 60).astype(int))
    over = None
    for share in shares:
        if rate(scores > ordered[share]) > budget:
            over = int(share)
            break
        best = float(ordered[share])
    if over is None:
        return best
    within = int(np.searchsorted(-ordered, -best))
    while over - within > 1:
        middle = (over + within) // 2
        if rate(scores > ordered[middle]) > budget:
            over = middle
        else:
            within, best = middle, float(ordered[middle])
    return best


def vus_pr(scores: Doubles, faulty: Booleans, left_out: Booleans) -> float:
    """Return the volume under the surface of precision and recall, from 0 to 1; chance is about the share of `faulty`.

    Paparrizos et al., Volume Under the Surface: A New Accuracy Evaluation Measure for Time-Series Anomaly Detection
    (VLDB 2022): the mean over buffers of the area under precision and recall, where the label of a faulty range
    fades out on both sides of it as the square root of the distance, and recall is weighted with the share of
    ranges that have any flag. One curve for all tags: their scores have to be comparable.
    """
    starts = np.flatnonzero(
        faulty.T.ravel() & ~np.vstack([np.zeros((1, faulty.shape[1]), bool), faulty[:-1]]).T.ravel()
    )
    ends = np.flatnonzero(faulty.T.ravel() & ~np.vstack([faulty[1:], np.zeros((1, faulty.shape[1]), bool)]).T.ravel())
    flat = np.where(np.isfinite(scores), scores, -np.inf).T.ravel()
    kept = ~left_out.T.ravel()
    order = np.flatnonzero(kept)[np.argsort(-flat[kept], kind="stable")]
    ranked = flat[order]
    cuts = np.unique(np.geomspace(1, len(order), _THRESHOLDS).astype(int))
    # Equal scores are flagged together, or a constant score would be ranked by its place in the array.
    cuts = np.unique(np.searchsorted(-ranked, -ranked[cuts - 1], side="right"))
    flat = np.where(kept, flat, -np.inf)
    distance = _distance(faulty).T.ravel()[order]
    positives = float((distance == 0).sum())
    areas = []
    for buffer in _BUFFERS:
        peaks = np.array([flat[max(0, a - buffer) : b + 1 + buffer].max() for a, b in zip(starts, ends, strict=True)])
        areas.append(_area(_faded(distance, buffer), ranked, cuts, peaks, positives))
    return float(np.mean(areas))


def _distance(faulty: Booleans) -> Doubles:
    """Return the rows to the nearest faulty row of the tag, float64 [rows, tags]; infinite if there is none."""
    row = np.arange(len(faulty), dtype=np.float64)[:, None]
    before = row - np.maximum.accumulate(np.where(faulty, row, -np.inf), axis=0)
    after = np.minimum.accumulate(np.where(faulty, row, np.inf)[::-1], axis=0)[::-1] - row
    return np.asarray(np.minimum(before, after))


def _faded(distance: Doubles, buffer: int) -> Doubles:
    """Return the labels: 1 in a faulty range, falling to 0 at more than `buffer` rows from it."""
    return np.asarray(np.sqrt(np.maximum(0.0, 1 - distance / (buffer + 1))))


def _area(label: Doubles, ranked: Doubles, cuts: Integers, peaks: Doubles, positives: float) -> float:
    hits = np.cumsum(label)[cuts - 1]
    base = (positives + label.sum()) / 2
    lowest = ranked[cuts - 1]
    reached = (peaks[:, None] >= lowest[None, :]).mean(axis=0) if len(peaks) else np.zeros(len(cuts))
    recall = np.minimum(hits / max(base, 1e-12), 1) * reached
    precision = hits / cuts
    return float(np.sum(np.diff(np.r_[0, recall]) * precision))
