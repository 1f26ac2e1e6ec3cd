"""Score a span of stored readings as a stream would have: the same rows, to the last bit.

The memory of a stream reaches far back, so a replay begins where a stream begins, a week before the end of the training
span, however late the span is. It reads a few days at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from headrace.historian.historian import Historian
from headrace.historian.series import intervals
from headrace.historian.series.status import GOOD, UNCERTAIN
from headrace.project import model_versions
from headrace.project.model_files import Pin
from headrace.project.paths import Project
from headrace_udfs.scoring import alignment, stream, tables
from headrace_udfs.scoring.alignment import Readings
from headrace_udfs.scoring.stream import Frame, Memory, Scorer, States

_AT_ONCE_US = 7 * 86_400_000_000


@dataclass(frozen=True)
class Replayed:
    """scores: rows of condition.scores of the span. events: those of condition.anomaly_events that reach into it."""

    scores: pa.Table
    events: pa.Table


def scorer_of(project: Project, pin: Pin) -> Scorer:
    """Return the version of a model as a stream has it. Raises UserError if it cannot be loaded."""
    model, card = model_versions.load(project, pin)
    until = intervals.microseconds(datetime.fromisoformat(card["until"]))
    return Scorer(str(pin), model, int(card["every_us"]), until)


def replay(
    scorer: Scorer,
    historian: Historian,
    span: tuple[datetime, datetime],
    now: datetime,
    progress: Callable[[str], None],
    *,
    states: States | None = None,
) -> Replayed:
    """Score the readings from the first time of `span` to before the second one, with all that came before.

    now: an event is ended if no reading from then on can continue it. `progress` is called with each step. states: as
    for `stream.advance`. Raises PlatformError.
    """
    since, until, last = map(intervals.microseconds, (*span, now))
    run = _Run(scorer, historian, stream.fresh(scorer), [], {}, states)
    for start, end in _steps(scorer, until):
        progress(f"scoring {intervals.instant(start):%Y-%m-%d}")
        run.advance(start, end, since, until)
        at = end
    while (wakes := _goes_on(run, until)) and wakes <= last:
        run.advance(at, wakes, until, until)
        at = wakes
    scores = [tables.SCORES.empty_table(), *run.scores]
    frames = [frame for frame in run.frames.values() if frame.event.start < until and frame.event.end >= since]
    frames.sort(key=lambda frame: (frame.event.start, frame.event.tag))
    return Replayed(pa.concat_tables(scores), tables.event_table(frames))


@dataclass
class _Run:
    """A stream on its way through stored readings: its memory, rows of scores, and the last form of each event."""

    scorer: Scorer
    historian: Historian
    memory: Memory
    scores: list[pa.Table]
    frames: dict[tuple[str, int], Frame]
    states: States | None

    def advance(self, start: int, end: int, since: int, until: int) -> None:
        """Go from `start` to `end`, both boundaries of instants, and keep the rows from `since` to before `until`."""
        readings = _readings(self.historian, self.scorer, start, end)
        self.memory, found = stream.advance(self.scorer, self.memory, readings, end, self.states)
        for rows in found.scores:
            if len(own := rows.taken((rows.times >= since) & (rows.times < until))):
                self.scores.append(tables.score_table(self.scorer, own))
        self.frames |= {(frame.event.tag, frame.event.start): frame for frame in found.frames}


def _steps(scorer: Scorer, until: int) -> Iterator[tuple[int, int]]:
    """Yield spans of whole instants, from where the stream begins to the end of the instant that `until` is in."""
    every = scorer.every_us
    start, end = scorer.begins_us // every * every, -(-until // every) * every
    length = max(1, _AT_ONCE_US // every) * every
    for first in range(start, max(end, start + every), length):
        yield first, min(first + length, max(end, start + every))


def _goes_on(run: _Run, until: int) -> int | None:
    """Return the next boundary at which an event of the span may have ended; None if none is open."""
    if not any(event.start < until for event in run.memory.open.values()):
        return None
    return stream.wakes_us(run.scorer, run.memory, alignment.no_readings())


def _readings(historian: Historian, scorer: Scorer, start: int, end: int) -> Readings:
    """Return all readings of the model's tags, good or not, in [start, end) microseconds."""
    known = pa.array([tag.name for tag in scorer.model.tags], pa.string())
    stored = [tag.name for tag in scorer.model.tags if historian.tag_names.known(tag.name)]
    parts = []
    for batch in historian.stream(stored, intervals.instant(start), intervals.instant(end)) if stored else ():
        values = batch.column("value").to_numpy(zero_copy_only=False).astype(np.float64)
        quality = batch.column("quality").to_numpy(zero_copy_only=False)
        good = (quality >= GOOD) & (quality < UNCERTAIN)
        tag = pc.index_in(batch.column("tag"), known).to_numpy().astype(np.int64)
        times = batch.column("ts").cast(pa.int64()).to_numpy()
        # The historian has one reading per tag and time, the one that was received last.
        parts.append(Readings(tag, times, values, good, np.zeros(len(tag), np.int64)))
    return alignment.joined(parts)
