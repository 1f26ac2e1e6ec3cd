"""Compare two events: what their tags and the related tags measured at the same time since the start of each."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from headrace.historian.historian import Historian
from headrace.historian.series.status import is_good
from headrace.project import pattern

COMPARED = pa.schema(
    [
        ("signal", pa.string()),
        ("offset_s", pa.float64()),
        ("first_tag", pa.string()),
        ("first", pa.float64()),
        ("second_tag", pa.string()),
        ("second", pa.float64()),
    ]
)
"""One row per signal and offset, in seconds since the start of each event; a value that is not known is null."""
_SHORTEST = timedelta(hours=1)
_MARGIN = 0.25
_STEPS = [
    timedelta(seconds=seconds)
    for seconds in (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 10800, 21600, 43200, 86400)
]


class Pair(NamedTuple):
    """The tags of one signal: at the asset of the first event and at that of the second, None if it has none."""

    signal: str
    first: str | None
    second: str | None


def compare(historian: Historian, first: Mapping[str, Any], second: Mapping[str, Any], points: int = 24) -> pa.Table:
    """Return the values of both events' tags and related tags at the same offsets: columns as in COMPARED.

    first, second: rows of `Historian.events`. The offsets, about `points`, begin before the events and end after the
    longer one. Values are interpolated between
    good readings, as by `Historian.at`, and null beyond them. Raises PlatformError.
    """
    offsets = _offsets(first, second, points)
    seconds = pa.array([offset.total_seconds() for offset in offsets])
    parts = []
    for pair in pairs(historian, first, second):
        signal, *tags = (pa.array([name] * len(offsets), pa.string()) for name in pair)
        values = [
            _values(historian, tag, event["started_at"], offsets)
            for tag, event in ((pair.first, first), (pair.second, second))
        ]
        parts.append(pa.Table.from_arrays([signal, seconds, tags[0], values[0], tags[1], values[1]], schema=COMPARED))
    return pa.concat_tables(parts)


def pairs(historian: Historian, first: Mapping[str, Any], second: Mapping[str, Any]) -> list[Pair]:
    """Return what is compared: the tags of the events, and each signal that is related to one of them, of both assets.

    A signal is a tag's name after the last dot; its asset is what comes before.
    """
    own = list(dict.fromkeys(_signal(event["tag"]) for event in (first, second)))
    related = [_signal(name) for event in (first, second) for name in event["related"]]
    found = [Pair(" / ".join(own), first["tag"], second["tag"])]
    for signal in dict.fromkeys(related):
        sides = [_tag(historian, event, signal) for event in (first, second)]
        if any(sides) and tuple(sides) != found[0][1:]:
            found.append(Pair(signal, *sides))
    return found


def _tag(historian: Historian, event: Mapping[str, Any], signal: str) -> str | None:
    for name in event["related"]:
        if _signal(name) == signal:
            return str(name)
    asset, dot, _ = event["tag"].rpartition(".")
    name = f"{asset}{dot}{signal}"
    return name if historian.tag_names.known(name) else None


def _signal(tag: str) -> str:
    return tag.rpartition(".")[2]


def _offsets(first: Mapping[str, Any], second: Mapping[str, Any], points: int) -> list[timedelta]:
    """Return multiples of a round step, from before the start to after the end of the longer event."""
    length = max(_SHORTEST, *(event["ended_at"] - event["started_at"] for event in (first, second)))
    whole = length * (1 + 2 * _MARGIN)
    step = next((each for each in _STEPS if each * points >= whole), None) or timedelta(days=-(-whole.days // points))
    before, after = round(length * _MARGIN / step), -(-length * (1 + _MARGIN) // step)
    return [step * number for number in range(-max(before, 1), after + 1)]


def _values(historian: Historian, tag: str | None, start: datetime, offsets: list[timedelta]) -> pa.Array:
    if tag is None or not historian.tag_names.known(tag):
        return pa.nulls(len(offsets), pa.float64())
    found = historian.at(pattern.literal(tag), [start + offset for offset in offsets])
    # Beyond a tag's readings, a value is extrapolated and not good.
    good = is_good(found["quality"].to_numpy().astype(np.uint32))
    return pc.if_else(pa.array(good), found["value"].combine_chunks(), None)
