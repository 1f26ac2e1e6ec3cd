"""What condition.scores holds of each reading: its score, or why it has none."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from headrace_udfs.arrays import Doubles, Positions
from headrace_udfs.scoring.alignment import Booleans, Instants, Readings
from headrace_udfs.scoring.model import Model, Scored

REFUSED = "its tag is refused"
REPLACED = "another version of the model had it"
REASONS = (
    "",
    REFUSED,
    "its quality is not good",
    "it is not a number",
    "the instant has a later reading",
    "an input of the model is missing",
    REPLACED,
)
"""Why a reading has no score, by number; the first is that of readings that have one. The model knows why a tag is
refused."""

_REFUSED, _BAD, _NO_NUMBER, _EARLIER, _NO_INPUT, _ = range(1, len(REASONS))


@dataclass(frozen=True)
class ScoreRows:
    """A row per reading, sorted by tag and time; arrays [n].

    tag: int64, a position in the model. times: int64, microseconds since the epoch. score, expected, low, high:
    float64, NaN where there is none. anomaly: bool, and cause: int8, a place in CAUSES, both without meaning where
    there is no score. reason: int8, a place in REASONS.
    """

    tag: Positions
    times: Positions
    score: Doubles
    anomaly: Booleans
    cause: npt.NDArray[np.int8]
    expected: Doubles
    low: Doubles
    high: Doubles
    reason: npt.NDArray[np.int8]

    def __len__(self) -> int:
        return len(self.tag)

    def taken(self, rows: Positions | Booleans) -> ScoreRows:
        """Return these rows alone."""
        return ScoreRows(*(getattr(self, field.name)[rows] for field in fields(self)))


def score_rows(model: Model, readings: Readings, instants: Instants, scored: Scored) -> ScoreRows:
    """Return the rows of `distinct` readings, whose instants and scores these are."""
    tag = readings.tag
    row = np.maximum(np.searchsorted(instants.times, readings.times, side="right") - 1, 0)
    usable = readings.usable
    if not len(instants.times):  # then no reading is usable
        return _without(readings, _reason(model, readings, usable, usable))
    last = usable & (instants.at[row, tag] == readings.times)
    score = np.where(last, scored.score[row, tag], np.nan)
    reason = _reason(model, readings, usable, last)
    reason[last & (reason == 0) & np.isnan(score)] = _NO_INPUT
    return ScoreRows(
        tag=tag,
        times=readings.times,
        score=score,
        anomaly=scored.anomaly[row, tag],
        cause=scored.cause[row, tag],
        expected=np.where(last, scored.expected[row, tag], np.nan),
        low=np.where(last, scored.low[row, tag], np.nan),
        high=np.where(last, scored.high[row, tag], np.nan),
        reason=reason,
    )


def _reason(model: Model, readings: Readings, usable: Booleans, last: Booleans) -> npt.NDArray[np.int8]:
    """Return what the readings alone tell, in the order of REASONS: a refused tag comes before a bad quality."""
    refused = np.array([tag.name in model.refused for tag in model.tags], np.bool_)[readings.tag]
    cases = [refused, ~readings.good, ~usable, ~last]
    return np.select(cases, [_REFUSED, _BAD, _NO_NUMBER, _EARLIER], 0).astype(np.int8)


def rows_without(readings: Readings, why: str) -> ScoreRows:
    """Return rows of `distinct` readings that have no score, all for one of REASONS."""
    return _without(readings, np.full(len(readings), REASONS.index(why), np.int8))


def _without(readings: Readings, reason: npt.NDArray[np.int8]) -> ScoreRows:
    count = len(readings)
    none, no = np.full(count, np.nan), np.zeros(count, np.int8)
    return ScoreRows(readings.tag, readings.times, none, no.astype(np.bool_), no, none, none, none, reason)


def joined_rows(parts: list[ScoreRows]) -> ScoreRows:
    """Return the rows of all parts, one part after the other. `parts` is not empty."""
    return ScoreRows(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(ScoreRows)))
