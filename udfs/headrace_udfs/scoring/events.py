"""Events: what a person sees of anomalies. Those of one tag, at most an hour apart, are one event with one cause."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from headrace_udfs.arrays import Positions
from headrace_udfs.scoring.alerts import OUT_OF_REGIME
from headrace_udfs.scoring.model import CAUSES, Scored
from headrace_udfs.scoring.tags import Tag

GAP_US = 3_600_000_000


@dataclass(frozen=True)
class Event:
    """An event of a tag; tag and start identify it.

    start, end, peak_at: the times of its first anomaly, its last one and the one with the highest score, in
    microseconds since the epoch. cause: what raised the highest score, one of CAUSES. related: its mates with an
    anomaly or an echo at the same instant as one of its own, in the order of the model. suppressed_by: why nobody is
    alerted: the state that its asset was in at all of its anomalies, or alerts.OUT_OF_REGIME; None if somebody is.
    """

    tag: str
    start: int
    end: int
    peak_at: int
    peak_score: float
    cause: str
    related: tuple[str, ...] = ()
    suppressed_by: str | None = None


Open = dict[str, Event]
"""The last event of each tag, which the next anomaly may continue: the state of a stream."""


@dataclass(frozen=True)
class Followed:
    """What some instants do to events.

    last: the last event of each tag after them. begun: each event whose first anomaly that no state suppresses is
    among them, as it was at that anomaly, in the order of these. changed: each event that began or changed, in its
    latest form.
    """

    last: Open
    begun: list[Event]
    changed: list[Event]


def follow(
    tags: Sequence[Tag], last: Open, at: Positions, scored: Scored, states: npt.NDArray[np.object_] | None = None
) -> Followed:
    """Return what the anomalies of these instants begin and continue.

    at: int64 [n, tags], the time of each reading, microseconds since the epoch. states: [n, tags], what suppresses the
    alert of each reading, None where nothing does; by default nowhere. Events with one tag and start replace
    each other, and how instants are cut into calls changes neither the first nor the latest form of any.
    """
    place = {tag.name: number for number, tag in enumerate(tags)}
    known, begun, changed = dict(last), list[Event](), dict[tuple[str, int], Event]()
    shown = scored.anomaly | scored.echo
    for row in np.flatnonzero(scored.anomaly.any(axis=1)).tolist():
        for column in np.flatnonzero(scored.anomaly[row]).tolist():
            tag, now = tags[column], int(at[row, column])
            seen = tuple(name for name in tag.mates if shown[row, place[name]])
            cause = CAUSES[int(scored.cause[row, column])]
            score, state = float(scored.score[row, column]), None if states is None else states[row, column]
            event = Event(tag.name, now, now, now, score, cause, _sorted(seen, place), state)
            before = known.get(tag.name)
            if before is None or over(before, now):
                loud = state is None
            else:
                event = replace(_continued(before, event), related=_sorted((*before.related, *seen), place))
                loud = event.suppressed_by is None and before.suppressed_by is not None
            if loud:
                begun.append(event)
            known[tag.name] = changed[event.tag, event.start] = event
    return Followed(known, begun, list(changed.values()))


def over(event: Event, now: int) -> bool:
    """Whether an anomaly at `now` or later is too late to continue the event."""
    return now - event.end > GAP_US


def _continued(last: Event, new: Event) -> Event:
    suppressed_by = last.suppressed_by
    if suppressed_by != OUT_OF_REGIME and new.suppressed_by is None:
        suppressed_by = None
    if new.peak_score > last.peak_score:
        return replace(new, start=last.start, suppressed_by=suppressed_by)
    return replace(last, end=new.end, suppressed_by=suppressed_by)


def _sorted(names: Sequence[str], place: Mapping[str, int]) -> tuple[str, ...]:
    return tuple(sorted({*names}, key=place.__getitem__))
