"""Score a span of stored readings as a stream would have: the same rows, to the last bit.

The memory of a stream reaches far back, so a replay begins where a stream begins, a week before the end of the training
span, however late the span is. It reads a few days at a time. All that looks at past spans with a version of a model
goes this way, so that it shows what a job would have stored.
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
from headrace_udfs.scoring import alignment, stream
from headrace_udfs.scoring.alignment import Readings
from headrace_udfs.scoring.score_rows import ScoreRows
from headrace_udfs.scoring.stream import Frame, Memory, Scorer, States

_AT_ONCE_US = 7 * 86_400_000_000


def scorer_of(project: Project, pin: Pin, since: datetime | None = None) -> Scorer:
    """Return the version of a model as a stream has it. Raises UserError if it cannot be loaded.

    since: the first reading to score. A stream scores none that the version has learned from; with an earlier `since`
    it begins a week before that time, as if the version had been there.
    """
    model, card = model_versions.load(project, pin)
    until = datetime.fromisoformat(card["until"])
    first = until if since is None else min(until, since)
    return Scorer(str(pin), model, int(card["every_us"]), intervals.microseconds(first))


def replay(
    scorer: Scorer,
    historian: Historian,
    span: tuple[datetime, datetime],
    now: datetime,
    progress: Callable[[str], None],
    *,
    keep: Callable[[ScoreRows], None] = lambda _: None,
    states: States | None = None,
) -> list[Frame]:
    """Score the readings from the first time of `span` to before the second one, with all that came before.

    Return the events that reach into the span, by start and tag. now: an event is ended if no reading from then on can
    continue it. `progress` is called with each step, and `keep` with rows of the span, some at a time. states: as for
    `stream.advance`. Raises PlatformError.
    """
    since, until, last = map(intervals.microseconds, (*span, now))
    run = _Run(scorer, historian, stream.fresh(scorer), keep, {}, states)
    for start, end in _steps(scorer, until):
        progress(f"scoring {intervals.instant(start):%Y-%m-%d}")
        run.advance(start, end, since, until)
        at = end
    while (wakes := _goes_on(run, until)) and wakes <= last:
        run.advance(at, wakes, until, until)
        at = wakes
    frames = [frame for frame in run.frames.values() if frame.event.start < until and frame.event.end >= since]
    return sorted(frames, key=lambda frame: (frame.event.start, frame.event.tag))


@dataclass
class _Run:
    """A stream on its way through stored readings: its memory, and the last form of each event."""

    scorer: Scorer
    historian: Historian
    memory: Memory
    keep: Callable[[ScoreRows], None]
    frames: dict[tuple[str, int], Frame]
    states: States | None

    def advance(self, start: int, end: int, since: int, until: int) -> None:
        """Go from `start` to `end`, both boundaries of instants, and keep the rows from `since` to before `until`."""
        readings = _readings(self.historian, self.scorer, start, end)
        self.memory, found = stream.advance(self.scorer, self.memory, readings, end, self.states)
        for rows in found.scores:
            if len(own := rows.taken((rows.times >= since) & (rows.times < until))):
                self.keep(own)
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
