"""Checks of a contract as a whole: a contract that no message can satisfy is refused when it is read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from headrace_udfs.contract_parts import FieldSpec, QualitySpec
from headrace_udfs.contract_time import TimeSpec
from headrace_udfs.format_names import FORMAT_FACTS
from headrace_udfs.paths import EACH, INDEX, MEMBER, Path, RowPath, outs, repeats, shown
from headrace_udfs.places import Place, Source, places
from headrace_udfs.topic_levels import part_of_topic
from headrace_udfs.types import TS

Located = tuple[tuple[str, ...], str]
"""The keys that lead to a fault, and what is wrong; what to do follows a semicolon."""

_OBJECTS = ("pi", "opcua")
"""Mappings of a quality that can be an object, so that it may stand around other values."""


class Rows(NamedTuple):
    """The contract's path to rows. is_array: the format has rows of its own, the elements of one array."""

    path: RowPath | None
    is_array: bool

    @property
    def repeating(self) -> Sequence[str | tuple[str, ...]]:
        """The steps that repeat, from the innermost."""
        return [step for step in reversed(self.path or ((EACH,) if self.is_array else ())) if repeats(step)]


def with_paths(fields: Mapping[str, FieldSpec]) -> dict[str, Source]:
    """Return the sources of the fields; one that names no place is read at the path of its name."""
    return {n: f if f.has_place else f.model_copy(update={"path": (n,)}) for n, f in fields.items()}


def of_fields(fields: Mapping[str, FieldSpec], rows: Rows, topic: str | None) -> list[Located]:
    """Return what is wrong with the places of the fields, each and together."""
    faults: list[Located] = []
    seen: dict[str, Source] = {}
    for name, source in with_paths(fields).items():
        where = (name, "path") if fields[name].path is not None else (name,)
        if clash := _clash(source, seen):
            faults.append((where, clash))
        faults += [((name,), fault) for fault in _of_source(source, rows, topic)]
        faults += [((name,), fault) for fault in _of_constant(fields[name])]
        seen[name] = source
    return faults


def of_time(time: TimeSpec, fields: Mapping[str, FieldSpec], rows: Rows, topic: str | None) -> list[Located]:
    """Return what is wrong with the place of the time."""
    faults: list[Located] = [((), fault) for fault in _of_source(time, rows, topic)]
    if clash := _clash(time, with_paths(fields)):
        faults.append((("path",), clash))
    return faults


def of_quality(
    quality: QualitySpec, fields: Mapping[str, FieldSpec], time: TimeSpec | None, rows: Rows, topic: str | None
) -> list[Located]:
    """Return what is wrong with the place of the quality."""
    faults: list[Located] = [((), fault) for fault in _of_source(quality, rows, topic)]
    taken = {**with_paths(fields), **({TS: time} if time else {})}
    if clash := _clash(quality, taken):
        faults.append((("path",), clash))
    return faults


def of_length(max_bytes: int, fields: Mapping[str, FieldSpec], format_: str) -> str | None:
    """Return why no JSON object of the contract is as short as `max_bytes`, or None."""
    if not FORMAT_FACTS[format_].json:
        return None
    needed = {source.path for n, source in with_paths(fields).items() if fields[n].required and source.is_path}
    keys = {path[0] for path in needed if path and isinstance(path[0], str) and path[0] not in ("^", MEMBER, INDEX)}
    shortest = 2 + sum(len(f'"{key}":0,'.encode()) for key in keys) - bool(keys)
    if max_bytes < shortest:
        return f"a message with the required fields has at least {shortest} bytes"
    return None


def _of_source(source: Source, rows: Rows, topic: str | None) -> Iterator[str]:
    for place in places(source):
        yield from _of_place(place, rows)
        if place.from_ == "topic" and topic and part_of_topic(place, topic) is None:
            part = f"level {place.level}" if place.level is not None else f"match '{place.match}'"
            yield f"{part} is not in the topic's name, '{topic}'"


def _of_place(place: Place, rows: Rows) -> Iterator[str]:
    repeating = rows.repeating
    out = outs(place.path) if place.path is not None and place.from_ is None else place.out
    if out > len(repeating) or (place.from_ in ("member", "index") and out >= len(repeating)):
        there = f"rows: repeats {len(repeating)} times" if repeating else "the contract has no rows:"
        what = place.from_ if place.from_ in ("member", "index") else f"'{shown(place.path or ())}'"
        yield f"{what} leads out of the message: {there}"
        return
    stands_for = [step for step in place.path or () if step in (MEMBER, INDEX)]
    if stands_for and not out:
        yield f"'{shown(place.path or ())}' needs ^. first: the name is that of the row in what is around it"
        return
    # A step that stands for a name is always that of the row; from: can be that of an element further out.
    named = [(kind, 0) for kind in stands_for] + [(f"{{{place.from_}}}", out)] * (place.from_ in ("member", "index"))
    for kind, level in named:
        if kind == MEMBER and repeating[level] == EACH:
            yield "the elements of an array have no names; read from: index, or a path"
        if kind == INDEX and repeating[level] != EACH:
            yield "the members of an object have no positions; read from: member"


def _of_constant(field: FieldSpec) -> Iterator[str]:
    value, kind = field.constant, field.type
    if value is None:
        return
    fits = {
        "string": isinstance(value, str),
        "boolean": isinstance(value, bool),
        "long": isinstance(value, int) and not isinstance(value, bool) and -(2**63) <= value < 2**63,
        "double": isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= 1.7e308,
        "timestamp": False,
    }[kind]
    if not fits:
        yield f"the constant {value!r} is not a {kind}"
    elif field.range:
        low, high = field.range
        if (low is not None and value < low) or (high is not None and value > high):  # type: ignore[operator]
            yield f"the constant {value!r} is outside its range"


def _clash(source: Source, taken: Mapping[str, Source]) -> str | None:
    """Return why no row can have a value at the source's path together with those in `taken`, or None."""
    if not source.is_path or source.path is None:
        return None
    for name, other in taken.items():
        if other.is_path and other.path is not None and (clash := _clash_of(source, source.path, name, other)):
            return clash
    return None


def _clash_of(source: Source, path: Path, name: str, other: Source) -> str | None:
    theirs: Path = other.path or ()
    shorter = min(len(path), len(theirs))
    if path[:shorter] != theirs[:shorter] or outs(path) != outs(theirs):
        return None
    if len(path) == len(theirs):
        return _shared(source, path, name, other)
    inner, outer, around = (path, theirs, other) if len(path) > len(theirs) else (theirs, path, source)
    if _may_be_object(around):
        return None
    return f"'{shown(outer)}' cannot be both a value and the object around '{shown(inner)}'"


def _shared(source: Source, path: Path, name: str, other: Source) -> str | None:
    """Return why two columns cannot share a place: each must say which types it takes, and not the same ones."""
    if isinstance(source, QualitySpec) and source.mapping in ("pi", "names") and isinstance(other, FieldSpec):
        return None if other.types else f"'{shown(path)}' is already read as '{name}'; give {name} types:"
    if not (isinstance(source, FieldSpec) and isinstance(other, FieldSpec)):
        return f"'{shown(path)}' is already read as '{name}'"
    if not (source.types and other.types):
        return f"'{shown(path)}' is already read as '{name}'; give both types:, if each takes values of its own types"
    both = [kind for kind in source.taken if kind in other.taken]
    if "string" in both and (source.type == "string") != (other.type == "string"):
        both.remove("string")  # the string takes the texts that hold no number or boolean
    return f"'{shown(path)}' of type {both[0]} is taken by '{name}', too" if both else None


def _may_be_object(source: Source) -> bool:
    if isinstance(source, QualitySpec):
        return source.mapping in _OBJECTS
    return isinstance(source, FieldSpec) and bool(source.types)
