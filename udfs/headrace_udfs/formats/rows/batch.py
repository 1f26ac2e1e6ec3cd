"""The values at the places of a contract, for many rows at a time."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Any

from headrace_udfs.faults import Code, Fault, shown
from headrace_udfs.formats.rows import texts
from headrace_udfs.formats.rows.around import Around, parts
from headrace_udfs.formats.rows.convert import is_finite, is_nan
from headrace_udfs.formats.rows.paths import PathReader
from headrace_udfs.formats.rows.walk import ABSENT, Rows
from headrace_udfs.paths import INDEX, MEMBER, Path, outs
from headrace_udfs.places import AROUND, Part, Place, Source, places


class Taken:
    """The paths that all columns of a contract read: an object with a path below it is described."""

    def __init__(self, sources: Iterable[Source]) -> None:
        """Take the sources of all columns."""
        read = [place for source in sources for place in places(source)]
        self._paths = {place.path for place in read if place.path is not None and place.from_ is None}

    def below(self, path: Path) -> bool:
        """Return whether another path leads through the value at `path`."""
        return any(len(other) > len(path) and other[: len(path)] == path and outs(other) == outs(path)
                   for other in self._paths)  # fmt: skip

    def scalars(self, path: Path) -> frozenset[int]:
        """Return the depths of a path, without the steps out, at which the value is read by itself, too."""
        out = outs(path)
        return frozenset(depth for depth in range(len(path) - out) if path[: out + depth] in self._paths)


class Batch:
    """The rows of a batch of messages and what stands around them; each place is read once."""

    def __init__(self, rows: Rows, around: Around, taken: Taken) -> None:
        """Take the rows, what stands around their messages, and what all columns read."""
        self._rows, self._around, self._taken = rows, around, taken
        self._owners = rows.owner[rows.at].tolist()
        self._read: dict[Hashable, list[Any]] = {}

    def row(self, position: int) -> Any:
        """Return the element of a row."""
        return self._rows.level(0).elements[position]

    def first(self, source: Source) -> list[Any]:
        """Return, per row, the value of the first alternative that has one: not missing, null or described deeper."""
        if not source.first:
            return self.part(source)
        first, *others = map(self._alternative, source.first)
        for values in others:
            first = [other if _passed_over(value) else value for value, other in zip(first, values, strict=True)]
        return first

    def _alternative(self, part: Part) -> list[Any]:
        values = self.part(part)
        if part.path is not None and self._taken.below(part.path):
            return [ABSENT if type(value) is dict else value for value in values]
        return values

    def part(self, part: Part) -> list[Any]:
        """Return, per row, the value of a place, or the joined texts of several."""
        if not part.join:
            return self.place(part)
        columns = [self._cells(place, part.separator) for place in part.join]
        optional = [place.optional for place in part.join]
        return [_joined(cells, optional, part.separator) for cells in zip(*columns, strict=True)]

    def _cells(self, place: Place, separator: str) -> list[Any]:
        """Return, per row, the text of a part of a join."""
        if place.members:
            return [_of_members(value, separator) for value in self.place(place)]
        return list(map(_joinable, self.place(place)))

    def place(self, place: Place) -> list[Any]:
        """Return, per row, the value at a place: ABSENT, None or a Fault where there is none."""
        if place.where not in self._read:
            self._read[place.where] = self._values(place)
        return self._read[place.where]

    def _values(self, place: Place) -> list[Any]:
        rows = self._rows
        if place.constant is not None:
            return [place.constant] * len(rows)
        if place.from_ in AROUND:
            values = self._around.read(place)
            return [values[owner] for owner in self._owners]
        if place.from_ is not None:
            return parts(place, rows.spread(rows.level(place.out).names, place.out))
        path = place.path or ()
        out = outs(path)
        reader = PathReader(path[out:], self._taken.scalars(path))
        if MEMBER in path or INDEX in path:
            return parts(place, reader.read(rows.spread(rows.level(out).elements, out), rows.level(0).names))
        return parts(place, rows.spread(reader.read(rows.level(out).elements), out))


def _passed_over(value: Any) -> bool:
    return value is ABSENT or value is None


def _joinable(value: Any) -> Any:
    """Return a value as the text that is joined."""
    if type(value) is str or value is ABSENT or isinstance(value, Fault):
        return value
    if value is None:
        return ABSENT
    if isinstance(value, dict | list | bytes):
        return Fault(Code.WRONG_TYPE, f"expected a string, a number or a boolean, found {shown(value)}")
    if not is_finite(value):
        code = Code.NAN if is_nan(value) else Code.INFINITY
        return Fault(code, f"{value} cannot be part of a text")
    return texts.shown_scalar(value)


def _of_members(value: Any, separator: str) -> Any:
    """Return the values of an object's members as the text that is joined, in the order of their names."""
    if type(value) is not dict:
        return _joinable(value) if isinstance(value, Fault) else _no_members(value)
    cells = [_joinable(value[name]) for name in sorted(value)]
    return _joined(tuple(cells), [True] * len(cells), separator) if cells else ABSENT


def _no_members(value: Any) -> Any:
    if value is None or value is ABSENT:
        return ABSENT
    return Fault(Code.WRONG_TYPE, f"expected an object, found {shown(value)}")


def _joined(cells: tuple[Any, ...], optional: list[bool], separator: str) -> Any:
    try:
        return separator.join(cells)
    except TypeError:
        pass
    kept = []
    for cell, may_be_missing in zip(cells, optional, strict=True):
        if isinstance(cell, Fault):
            return cell
        if cell is not ABSENT:
            kept.append(cell)
        elif not may_be_missing:
            return ABSENT
    return separator.join(kept) if kept else ABSENT
