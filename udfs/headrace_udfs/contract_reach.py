"""Paths of a contract that lead to nothing in any message of its format, as its documents have known keys."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

from headrace_udfs.contract_time import TimeSpec
from headrace_udfs.paths import BUT, EACH, EVERY, INDEX, MEMBER, RowPath, Steps, shown, whole
from headrace_udfs.places import Place, Source, parts, places

_KEYS: Mapping[str, Collection[str]] = {
    "influx": ("measurement", "tags", "fields", "time"),
    "sparkplug_b": ("timestamp", "seq", "uuid", "body", "metrics"),
}
"""The outermost keys of what a format makes of a message; other formats have those of the message."""

_SEGMENT = re.compile(r"[A-Z][A-Z0-9]{2}")
_DATA = "data"


def fault(
    source: Source, format_: str, rows: RowPath, columns: Collection[str] | None = None, envelope: bool = False
) -> str | None:
    """Return why a source reads what no message of the format has, and what to do after a semicolon; or None.

    columns: the names of CSV's columns, if the contract has them. envelope: whether the message is at `data`.
    """
    for place in _read(source):
        steps = whole(rows, place.path or ())
        if envelope:
            if steps[:1] != (_DATA,):
                continue
            steps = steps[1:]
        if why := _of_path(steps, format_, columns):
            return f"'{shown(place.path or ())}' leads to nothing: {why}"
    return None


def _read(source: Source) -> Iterator[Place]:
    nanos = source.nanos if isinstance(source, TimeSpec) else None
    for place in [*places(source), *(parts(nanos) if nanos else ())]:
        if place.path is not None and place.from_ is None:
            yield place


def _of_path(steps: Steps, format_: str, columns: Collection[str] | None) -> str | None:
    if not steps:
        return None
    names = _names(steps[0])
    if format_ == "text":
        return "a text has no parts; write path: . for the text itself"
    if format_ == "csv":
        if len(steps) > 1:
            return "a cell of CSV has no parts; write a name with dots as a list, like [a.b]"
        return _unknown(names, columns, "columns")
    if format_ == "hl7" and not all(map(_SEGMENT.fullmatch, names)):
        return "a path in HL7 begins with a segment; write one like OBX.5"
    return _unknown(names, _KEYS.get(format_), "keys of a message")


def _names(step: object) -> Collection[str]:
    """Return the names that a step leads to, none if it is not by name."""
    if isinstance(step, tuple):
        return step if step[0] != BUT else ()
    return (step,) if isinstance(step, str) and step not in (EACH, EVERY, MEMBER, INDEX) else ()


def _unknown(names: Collection[str], known: Collection[str] | None, what: str) -> str | None:
    missing = next((name for name in names if name not in known), None) if known else None
    return f"there is no '{missing}'; the {what} are: {', '.join(known or ())}" if missing is not None else None
