"""Score a stream: readings whose instants have ended come in, rows of scores, events and alerts come out.

How a stream is cut into calls, and in which order readings come, changes no row of scores, no alert, and no event in
its last form. Only what is open meanwhile depends on it. The same functions score stored readings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from typing import Literal

import numpy as np
import numpy.typing as npt

from headrace_udfs.arrays import Positions
from headrace_udfs.scoring import alignment, events
from headrace_udfs.scoring.alerts import OUT_OF_REGIME, Groups, Limits, limits
from headrace_udfs.scoring.alignment import Instants, Readings
from headrace_udfs.scoring.channels import State
from headrace_udfs.scoring.events import Event, Open
from headrace_udfs.scoring.model import Model, Scored
from headrace_udfs.scoring.score_rows import ScoreRows, score_rows

WARM_UP_US = 7 * 86_400_000_000
"""How much before its first row a stream begins, so that the channels with a memory have filled it."""

END_US = 2**62
"""The boundary of a stream that has ended."""

_CELLS = 2**18
"""How many instants times tags are scored at a time: some 25 MB. More than that leaves the processor's cache."""


@dataclass(frozen=True)
class Scorer:
    """A model, or its part, in a stream.

    pin: name and version. every_us: the length of an instant. from_us: where the rows begin, which is where the
    training span ended: a model does not score what it learned from. Both in microseconds.
    """

    pin: str
    model: Model
    every_us: int
    from_us: int

    @property
    def begins_us(self) -> int:
        """Where the stream begins: earlier readings change nothing."""
        return self.from_us - WARM_UP_US

    @cached_property
    def limits(self) -> Limits:
        """How many alerts each group of its tags may have."""
        return limits(self.model)


@dataclass(frozen=True)
class Memory:
    """What a stream remembers.

    state: that of the channels. open: the events that a later anomaly could continue. recent: the latest events of each
    group of tags, which limit its alerts.
    """

    state: State
    open: Open
    recent: Groups = field(default_factory=dict)


def fresh(scorer: Scorer) -> Memory:
    """Return the memory of a stream that has seen nothing."""
    return Memory(scorer.model.fresh(), {})


@dataclass(frozen=True)
class Frame:
    """An event as a row of condition.anomaly_events. ended: whether no later anomaly can continue it."""

    model: str
    event: Event
    ended: bool


@dataclass(frozen=True)
class Alert:
    """That an event starts, with what its first anomaly told; or that it has ended, with the whole event.

    out_of_regime: instead of a start, that its group of tags has more events than the model's budget explains, and that
    no more of them are alerted until they are fewer.
    """

    kind: Literal["start", "end", "out_of_regime"]
    model: str
    event: Event


@dataclass(frozen=True)
class Found:
    """What comes out. A frame replaces an earlier one with its model, tag and start."""

    scores: list[ScoreRows] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list)
    alerts: list[Alert] = field(default_factory=list)


States = Callable[[Positions], npt.NDArray[np.object_]]
"""Which state of an asset suppresses the alert of a reading, from the times of readings [n, tags] of the model."""


def advance(
    scorer: Scorer, memory: Memory, readings: Readings, until_us: int, states: States | None = None
) -> tuple[Memory, Found]:
    """Return the memory after these readings, and what they reveal.

    readings: all readings of the model's tags from the last boundary to before `until_us`, in any order. until_us: a
    boundary (`alignment.boundary`), before which no reading can come any more. states: by default, no alert is
    suppressed by one.
    """
    parts = []
    for some, boundary in _in_turn(scorer, readings, until_us):
        memory, part = _advanced(scorer, memory, some, boundary, states)
        parts.append(part)
    frames = {(frame.event.tag, frame.event.start): frame for part in parts for frame in part.frames}
    scores, alerts = [s for part in parts for s in part.scores], [a for part in parts for a in part.alerts]
    return memory, Found(scores, list(frames.values()), alerts)


def _in_turn(scorer: Scorer, readings: Readings, until_us: int) -> Iterator[tuple[Readings, int]]:
    """Yield the readings of some instants at a time, without those before the beginning, and the boundary after them.

    Of readings of one tag with the same time there is only one left.
    """
    readings = alignment.distinct(readings.taken(readings.times >= scorer.begins_us))
    starts = np.unique(readings.times // scorer.every_us) * scorer.every_us
    edges = starts[:: max(1, _CELLS // max(1, len(scorer.model.tags)))].tolist()
    for start, end in pairwise([*edges, until_us] if edges else [until_us, until_us]):
        yield readings.taken((readings.times >= start) & (readings.times < end)), end


def _advanced(
    scorer: Scorer, memory: Memory, readings: Readings, until_us: int, states: States | None
) -> tuple[Memory, Found]:
    model = scorer.model
    instants = alignment.aligned(readings, len(model.tags), scorer.every_us)
    state, scored = model.score(memory.state, instants.times, instants.values)
    rows = score_rows(model, readings, instants, scored)
    rows = rows.taken(rows.times >= scorer.from_us)
    before = replace(memory, state=state)
    suppressing = states(instants.at) if states else None
    after, frames, alerts = follow(scorer, before, instants, scored, until_us, states=suppressing)
    return after, Found([rows] if len(rows) else [], frames, alerts)


def follow(
    scorer: Scorer,
    memory: Memory,
    instants: Instants,
    scored: Scored,
    until_us: int,
    *,
    states: npt.NDArray[np.object_] | None = None,
) -> tuple[Memory, list[Frame], list[Alert]]:
    """Return the memory at the boundary `until_us`, the frames that changed, and the alerts, in order."""
    told = instants.at >= scorer.from_us
    scored = replace(scored, anomaly=scored.anomaly & told, echo=scored.echo & told)
    found = events.follow(scorer.model.tags, memory.open, instants.at, scored, states)
    recent, starts, muted = _limited(scorer, memory.recent, found.begun)
    latest = {_key(event): event for event in (*memory.open.values(), *found.changed)}
    latest |= {key: replace(latest[key], suppressed_by=OUT_OF_REGIME) for key in muted}
    ended = {key for key, event in latest.items() if events.over(event, until_us)}
    changed = {_key(event) for event in found.changed} | ended
    frames = [Frame(scorer.pin, latest[key], key in ended) for key in sorted(changed, key=lambda key: key[::-1])]
    ends = [Alert("end", scorer.pin, latest[key]) for key in ended if latest[key].suppressed_by is None]
    still = {tag: latest[_key(event)] for tag, event in found.last.items() if _key(event) not in ended}
    in_order = sorted([*starts, *ends], key=lambda alert: (alert.event.start, alert.event.tag, alert.kind == "end"))
    return replace(memory, open=still, recent=recent), frames, in_order


def _limited(scorer: Scorer, recent: Groups, begun: list[Event]) -> tuple[Groups, list[Alert], set[tuple[str, int]]]:
    """Return the latest events with those that began, the alerts of these, and the events that are out of regime."""
    starts, muted = list[Alert](), set[tuple[str, int]]()
    for event in begun:
        recent, out, first = scorer.limits.counted(recent, event.tag, event.end)
        if out:
            muted.add(_key(event))
        if first:
            starts.append(Alert(OUT_OF_REGIME, scorer.pin, replace(event, suppressed_by=OUT_OF_REGIME)))
        elif not out:
            starts.append(Alert("start", scorer.pin, event))
    return recent, starts, muted


def _key(event: Event) -> tuple[str, int]:
    return event.tag, event.start


def abandon(pin: str, memory: Memory) -> Found:
    """Return what becomes of the events of a version that no longer scores: they end."""
    left = sorted(memory.open.values(), key=lambda event: (event.start, event.tag))
    ends = [Alert("end", pin, event) for event in left if event.suppressed_by is None]
    return Found([], [Frame(pin, event, ended=True) for event in left], ends)


def wakes_us(scorer: Scorer, memory: Memory, readings: Readings) -> int | None:
    """Return the first boundary at which `advance` has something to do; None if it has nothing to wait for."""
    closes = alignment.closes_us(readings.times, scorer.every_us)
    ends = [event.end + events.GAP_US for event in memory.open.values()]
    over = alignment.closes_us(np.array(ends, np.int64), scorer.every_us)
    return min((boundary for boundary in (closes, over) if boundary is not None), default=None)
