"""What the messages of a sample hold: the values of their rows by path, and the types that these have."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

MAX_DEPTH = 6
"""How deep rows are looked for, and values in them."""

EXAMPLES = 200
"""The most examples of one value."""

ALIKE = 0.25
"""The share of keys that messages of one kind have in common: some of them may have others, or lack some."""

MAX_BYTES = 2**24
"""The most bytes that a compressed message is looked at."""

_MAPS = {"values", "fields", "readings", "data", "payload", "measurements", "metrics", "signals", "points"}
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


def of_values(values: Sequence[bytes | None]) -> list[Any] | None:
    """Return the JSON objects and arrays of messages; None if half of the messages or more are none."""
    found = [document for value in values if (document := _parsed(value)) is not None]
    return found if 2 * len(found) > len(values) else None


def of_lines(values: Sequence[bytes | None]) -> list[Any] | None:
    """Return the JSON objects and arrays of the messages' lines; None if half of the lines or more are none."""
    return of_values([line for value in values for line in (value or b"").splitlines() if line.strip()])


def _parsed(value: bytes | None) -> Any:
    """Return the JSON object or array of a message, or None."""
    try:
        document = json.loads(value or b"")
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict | list) else None


def alike(found: Sequence[Any]) -> tuple[list[Any], list[str]]:
    """Return the documents that have keys like most of them, and the keys of the first that has others.

    Arrays have no keys, and are like arrays.
    """
    kinds = [frozenset(each) if isinstance(each, dict) else None for each in found]
    ((base, _),) = Counter(kinds).most_common(1)
    near = [_shared(base, kind) >= ALIKE for kind in kinds]
    other = next((each for each, is_near in zip(found, near, strict=True) if not is_near), ())
    keys = [str(each) for each in other] if isinstance(other, dict) else ["[]"] if other else []
    return [each for each, is_near in zip(found, near, strict=True) if is_near], keys


def _shared(one: frozenset[str] | None, other: frozenset[str] | None) -> float:
    """Return the share of keys that both have, of those that one of them has."""
    if not one or not other:
        return float(one == other)
    return len(one & other) / len(one | other)


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
    if paths := [*_arrays(shape)]:
        if len(paths) > 1 and (parent := _named_arrays(shape, paths)):
            return _of_named_arrays(around, before, *parent)
        found = [(row, (e, *o)) for e, o in elements for row in _at(e, paths[0]) if isinstance(row, dict)]
        return _layout(f"{before}{paths[0]}[]", None, found, ((), *around.own), tuple(paths[1:]))
    path = _map(shape)
    if path is None:
        return None
    near = [(_at(each, path), (each if path else {}, *outer)) for each, outer in elements]
    found = [(row, outer) for members, outer in near if isinstance(members, dict) for row in members.values()]
    rows = f"{before}{path}.*" if path else f"{before}*"
    return _layout(rows, {"from": "member"}, found, ((f"{path}.",), *around.own))


def _layout(
    rows: str,
    member: dict[str, Any] | None,
    found: list[tuple[Any, tuple[Any, ...]]],
    own: tuple[tuple[str, ...], ...],
    others: tuple[str, ...] = (),
) -> Layout:
    return Layout(rows, member, [row for row, _ in found], [outer for _, outer in found], own, others)


def _named_arrays(shape: Any, paths: Sequence[str]) -> tuple[str, list[str] | None] | None:
    """Return the path of the object whose members are the arrays, if their elements are alike, and the members' names.

    None for the names are all members of the object.
    """
    parents = {path.rpartition(".")[0] for path in paths}
    kinds = {frozenset(row) for path in paths for row in _at(shape, path)}
    if len(parents) > 1 or len(kinds) > 1:
        return None
    parent, names = parents.pop(), [path.rpartition(".")[2] for path in paths]
    return parent, None if {*names} == {*_at(shape, parent)} else names


def _of_named_arrays(around: Layout, before: str, parent: str, names: list[str] | None) -> Layout:
    found = [
        (row, (members[name], each, *outer))
        for each, outer in zip(around.elements, around.outer, strict=True)
        if isinstance(members := _at(each, parent), dict)
        for name in names or members
        if isinstance(members.get(name), list)
        for row in members[name]
        if isinstance(row, dict)
    ]
    step = "*" if names is None else "{" + ",".join(names) + "}"
    rows = f"{before}{parent}.{step}[]" if parent else f"{before}{step}[]"
    return _layout(rows, {"from": "member", "out": 1}, found, ((), (), *around.own))


def wide(documents: Sequence[Any], members: Sequence[str]) -> Layout:
    """Return the layout of documents whose members with these names are the rows."""
    pairs = [(each[name], each) for each in documents for name in members if name in each]
    rows = "{" + ",".join(members) + "}"
    return _layout(rows, {"from": "member"}, [(row, (each,)) for row, each in pairs], (tuple(members),))


def leaves(value: Any, path: str = "", depth: int = MAX_DEPTH) -> Iterator[tuple[str, Any]]:
    """Yield path and value of each value but objects and arrays; keys that a path cannot have are left out."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if depth and key and not set(key) & set('."\\[]{}^'):
                yield from leaves(inner, f"{path}.{key}" if path else key, depth - 1)
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
    for key, inner in document.items():
        if isinstance(inner, dict) and inner and str(key).casefold() in _MAPS:
            return str(key)
    members = [*document.values()]
    alike = len(members) > 1 and all(isinstance(each, dict) and each for each in members)
    return "" if alike and len({frozenset(each) for each in members}) == 1 else None
