"""Events: what a person sees of anomalies. Those of one tag, at most an hour apart, are one event with one cause."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from headrace_udfs.arrays import Positions
from headrace_udfs.scoring.model import CAUSES, Scored
from headrace_udfs.scoring.tags import Tag

GAP_US = 3_600_000_000


@dataclass(frozen=True)
class Event:
    """An event of a tag; tag and start identify it.

    start, end, peak_at: the times of its first anomaly, its last one and the one with the highest score, in
    microseconds since the epoch. cause: what raised the highest score, one of CAUSES. related: its mates with an
    anomaly or an echo at the same instant as one of its own, in the order of the model.
    """

    tag: str
    start: int
    end: int
    peak_at: int
    peak_score: float
    cause: str
    related: tuple[str, ...] = ()


Open = dict[str, Event]
"""The last event of each tag, which the next anomaly may continue: the state of a stream."""


def follow(tags: Sequence[Tag], last: Open, times: Positions, scored: Scored) -> tuple[Open, list[Event]]:
    """Return the last event of each tag after these instants, and each event that began or changed, in its latest form.

    times: int64 [n], microseconds since the epoch. Events with one tag and start replace each other, and how instants
    are cut into calls does not change the latest form of any.
    """
    place = {tag.name: at for at, tag in enumerate(tags)}
    known, changed = dict(last), dict[tuple[str, int], Event]()
    shown = scored.anomaly | scored.echo
    for row in np.flatnonzero(scored.anomaly.any(axis=1)).tolist():
        now = int(times[row])
        for at in np.flatnonzero(scored.anomaly[row]).tolist():
            tag = tags[at]
            one = float(scored.score[row, at])
            new = Event(tag.name, now, now, now, one, CAUSES[int(scored.cause[row, at])])
            event = _continued(known.get(tag.name), new)
            seen = {*event.related, *(name for name in tag.mates if shown[row, place[name]])}
            event = replace(event, related=tuple(sorted(seen, key=place.__getitem__)))
            known[tag.name] = changed[event.tag, event.start] = event
    return known, list(changed.values())


def _continued(last: Event | None, new: Event) -> Event:
    """Return the last event with the new anomaly in it, or the new event if the last one is over."""
    if last is None or new.start - last.end > GAP_US:
        return new
    if new.peak_score > last.peak_score:
        return replace(new, start=last.start, related=last.related)
    return replace(last, end=new.end)
