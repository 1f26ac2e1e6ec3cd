"""What the messages of a sample hold: the values of their rows by path, and the types that these have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from headrace.authoring.sources import key_names

MAX_DEPTH = 6
"""How deep rows are looked for, and values in them."""

EXAMPLES = 200
"""The most examples of one value."""

VALUE = ("value", "v", "val", "reading", "measurement", "wert", "messwert")
"""Names of what is measured."""

_MAPS = {
    "values", "fields", "readings", "data", "payload", "measurements", "metrics", "signals", "points", "decoded",
    "decoded_payload", "object",
}  # fmt: skip
"""Names of objects whose members are rows, not parts of one row."""


@dataclass
class Seen:
    """A value as the rows have it. count: rows that have one; types: how often each JSON type; examples: the first."""

    count: int = 0
    types: Counter[str] = field(default_factory=Counter)
    examples: list[Any] = field(default_factory=list)

    def add(self, value: Any) -> None:
        """Count one more value."""
        self.count += 1
        self.types[type_of(value)] += 1
        if len(self.examples) < EXAMPLES and value not in self.examples[-1:]:
            self.examples.append(value)


@dataclass(frozen=True)
class Layout:
    """Where the rows of a sample are. rows: their path as a contract has it, None if a message is one row.

    member: the place of their names, if they are members of an object, or in arrays that are. elements: all rows;
    outer: what is around each, the nearest first. own: at each distance, what is around rows and is these rows
    themselves: paths, and beginnings of paths that end with a dot. others: arrays next to the rows, which are not read.
    """

    rows: str | None
    member: dict[str, Any] | None
    elements: list[Any]
    outer: list[tuple[Any, ...]]
    own: tuple[tuple[str, ...], ...] = ()
    others: tuple[str, ...] = ()

    def values(self) -> dict[str, Seen]:
        """Return the values in the rows by path; `.` is a row that is a value itself, `^.` begins what is around it."""
        found: dict[str, Seen] = {}
        read: dict[tuple[int, int], list[tuple[str, Any]]] = {}  # many rows have the same object around them
        for row, around in zip(self.elements, self.outer, strict=True):
            for path, value in leaves(row):
                found.setdefault(path, Seen()).add(value)
            for distance, each in enumerate(around):
                if (distance, id(each)) not in read:
                    read[distance, id(each)] = [*self._around(each, distance)]
                for path, value in read[distance, id(each)]:
                    found.setdefault(path, Seen()).add(value)
        return found

    def _around(self, around: Any, distance: int) -> Iterator[tuple[str, Any]]:
        """Yield path and value of what is around rows, without the rows themselves."""
        own = self.own[distance]
        below = tuple(each for each in own if each.endswith("."))
        for path, value in leaves(around):
            if path not in own and not path.startswith(below):
                yield "^." * (distance + 1) + path, value


def layout(documents: Sequence[Any]) -> Layout:
    """Return where the rows of the documents are, as far as their shapes tell."""
    whole = Layout(None, None, [*documents], [()] * len(documents))
    return _within(whole, documents[0]) or whole


def inner(found: Layout) -> Layout | None:
    """Return the layout of rows within the rows; None if they hold no array of objects, and no object of rows."""
    return _within(found, next((each for each in found.elements if any(_arrays(each)) or _map(each)), None))


def _within(around: Layout, shape: Any) -> Layout | None:
    """Return the layout of what one of the elements, `shape`, has as rows; None if it has none."""
    before = f"{around.rows}." if around.rows else ""
    elements = [*zip(around.elements, around.outer, strict=True)]
    path, paths = _map(shape), [*_arrays(shape)]
    if paths and not (path and _measures(shape, path, paths)):
        if len(paths) > 1 and (parent := _named_arrays(shape, paths)):
            return _of_named_arrays(around, before, *parent)
        found = [(row, (e, *o)) for e, o in elements for row in _at(e, paths[0]) if isinstance(row, dict)]
        return _layout(f"{before}{paths[0]}[]", None, found, ((), *around.own), tuple(paths[1:]))
    if path is None:
        return None
    near = [(_at(each, path), (each if path else {}, *outer)) for each, outer in elements]
    found = [(row, outer) for members, outer in near if isinstance(members, dict) for row in members.values()]
    rows = f"{before}{path}.*" if path else f"{before}*"
    return _layout(rows, {"from": "member"}, found, ((f"{path}.",), *around.own), tuple(paths))


def _layout(
    rows: str,
    member: dict[str, Any] | None,
    found: list[tuple[Any, tuple[Any, ...]]],
    own: tuple[tuple[str, ...], ...],
    others: tuple[str, ...] = (),
) -> Layout:
    return Layout(rows, member, [row for row, _ in found], [outer for _, outer in found], own, others)


def _named_arrays(shape: Any, paths: Sequence[str]) -> tuple[str, list[str] | None, str] | None:
    """Return where arrays stand whose paths differ in one name and whose elements are alike; None if they do not.

    The path of the object with these names, the names (None for all that it has), and the path below them.
    """
    keys = [path.split(".") for path in paths]
    differ = [at for at in range(len(keys[0])) if len({each[at] for each in keys if at < len(each)}) > 1]
    if len({*map(len, keys)}) > 1 or len(differ) != 1 or len({frozenset(r) for p in paths for r in _at(shape, p)}) > 1:
        return None
    at = differ[0]
    parent, names, below = ".".join(keys[0][:at]), [each[at] for each in keys], ".".join(keys[0][at + 1 :])
    return parent, None if {*names} == {*_at(shape, parent)} else names, below


def _of_named_arrays(around: Layout, before: str, parent: str, names: list[str] | None, below: str) -> Layout:
    found = [
        (row, (members[name], each, *outer))
        for each, outer in zip(around.elements, around.outer, strict=True)
        if isinstance(members := _at(each, parent), dict)
        for name in names or members
        if isinstance(rows := _at(members.get(name), below), list)
        for row in rows
        if isinstance(row, dict)
    ]
    step = "*" if names is None else "{" + ",".join(names) + "}"
    path = ".".join(filter(None, (parent, step, below)))
    own = (f"{parent}.",) if parent else tuple(f"{name}." for name in names or ())
    return _layout(f"{before}{path}[]", {"from": "member", "out": 1}, found, ((), own, *around.own))


def wide(documents: Sequence[Any], members: Sequence[str]) -> Layout:
    """Return the layout of documents whose members with these names are the rows."""
    keys = [key_names.plain(name) for name in members]
    pairs = [(each[key], each) for each in documents for key in keys if key in each]
    rows = "{" + ",".join(keys) + "}"
    return _layout(rows, {"from": "member"}, [(row, (each,)) for row, each in pairs], (tuple(members),))


def leaves(value: Any, path: str = "", depth: int = MAX_DEPTH) -> Iterator[tuple[str, Any]]:
    """Yield path and value of each value but objects and arrays; keys that a path cannot have are left out."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if depth and (step := key_names.as_step(key)):
                yield from leaves(inner, f"{path}.{step}" if path else step, depth - 1)
    elif not isinstance(value, list):
        yield path or ".", value


def type_of(value: Any) -> str:
    """Return the JSON type of a value: null, boolean, number or string."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    return "number" if isinstance(value, int | float) else "string"


def _at(document: Any, path: str) -> Any:
    for key in path.split(".") if path else ():
        document = document.get(key) if isinstance(document, dict) else None
    return document if isinstance(document, list | dict) else ()


def _arrays(document: Any, path: str = "", depth: int = 3) -> Iterator[str]:
    """Yield the paths of arrays of objects, but of those within them."""
    if isinstance(document, list):
        if document and all(isinstance(each, dict) for each in document):
            yield path
    elif isinstance(document, dict) and depth:
        for key, inner in document.items():
            if not set(key) & set('."\\[]{}^'):
                yield from _arrays(inner, f"{path}.{key}" if path else key, depth - 1)


def _map(document: Any) -> str | None:
    """Return the path of an object whose members are rows: "" is the message itself."""
    if not isinstance(document, dict):
        return None
    if path := next(_maps(document), None):
        return path
    members = [*document.values()]
    alike = len(members) > 1 and all(isinstance(each, dict) and each for each in members)
    return "" if alike and len({frozenset(each) for each in members}) == 1 else None


def _maps(document: dict[Any, Any], path: str = "", depth: int = 3) -> Iterator[str]:
    """Yield the paths of objects that are named as if their members were rows."""
    for key, inner in document.items():
        if isinstance(inner, dict) and inner and not set(str(key)) & set('."\\[]{}^'):
            below = f"{path}.{key}" if path else str(key)
            if str(key).casefold() in _MAPS:
                yield below
            elif depth > 1:
                yield from _maps(inner, below, depth - 1)


def _measures(document: Any, path: str, arrays: Sequence[str]) -> bool:
    """Return whether the object at a path has numbers, and the arrays, none of them in it, hold other things."""
    has_numbers = any(type_of(each) == "number" for each in _at(document, path).values() if not isinstance(each, dict))
    values = any(str(key).casefold() in VALUE for row in _at(document, arrays[0]) for key in row)
    return has_numbers and not values and not any(each.startswith(f"{path}.") for each in arrays)
