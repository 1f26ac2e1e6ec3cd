"""Compare two versions of a model on one span: which events appear and which go."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from headrace_udfs.scoring.events import GAP_US, Event
from headrace_udfs.scoring.stream import Frame


@dataclass(frozen=True)
class Comparison:
    """Events by start. appear: of the new version alone; go: of the old one alone; stay: of the new one, in both."""

    appear: list[Event]
    go: list[Event]
    stay: list[Event]


def compare(old: Sequence[Frame], new: Sequence[Frame]) -> Comparison:
    """Return what changes. Two events of a tag are the same if at most GAP_US is between them."""
    before, after = ([frame.event for frame in frames] for frames in (old, new))
    by_tag_before, by_tag_after = _by_tag(before), _by_tag(after)
    return Comparison(
        appear=[each for each in after if not _meets(each, by_tag_before)],
        go=[each for each in before if not _meets(each, by_tag_after)],
        stay=[each for each in after if _meets(each, by_tag_before)],
    )


def _by_tag(events: Sequence[Event]) -> Mapping[str, list[Event]]:
    found = defaultdict(list)
    for event in events:
        found[event.tag].append(event)
    return found


def _meets(event: Event, others: Mapping[str, list[Event]]) -> bool:
    return any(
        other.start <= event.end + GAP_US and other.end >= event.start - GAP_US for other in others.get(event.tag, [])
    )
