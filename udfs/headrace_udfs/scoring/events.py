"""Events of anomalies: the flags of a tag that follow each other closely are one event, from the first to the last."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from headrace_udfs.arrays import Doubles, Positions
from headrace_udfs.scoring.model import CAUSES, Scored

GAP_US = 3_600_000_000
"""Two flags of a tag that are further apart than this belong to two events."""


class Event(NamedTuple):
    """A period of anomalies of one tag. Times are microseconds since the epoch.

    tag: the tag's column. started_at and ended_at: the first and the last anomaly. peak_at, peak_score, cause: of the
    anomaly with the highest score. anomalies: how many readings were flagged.
    """

    tag: int
    started_at: int
    ended_at: int
    peak_at: int
    peak_score: float
    cause: str
    anomalies: int


def events(times: Positions, scored: Scored, gap_us: int = GAP_US) -> list[Event]:
    """Return the events of scored instants, by tag and start. times: int64 [n], microseconds since the epoch."""
    return [event for tag in range(scored.anomaly.shape[1]) for event in _of_tag(tag, times, scored, gap_us)]


def _of_tag(tag: int, times: Positions, scored: Scored, gap_us: int) -> list[Event]:
    at = np.flatnonzero(scored.anomaly[:, tag])
    starts = np.flatnonzero(np.diff(times[at]) > gap_us) + 1
    return [
        _event(tag, times, scored.score[:, tag], scored.cause[:, tag], each)
        for each in np.split(at, starts)
        if len(each)
    ]


def _event(tag: int, times: Positions, score: Doubles, cause: npt.NDArray[np.int8], at: Positions) -> Event:
    peak = int(at[score[at].argmax()])
    return Event(
        tag, int(times[at[0]]), int(times[at[-1]]), int(times[peak]), float(score[peak]), CAUSES[cause[peak]], len(at)
    )
