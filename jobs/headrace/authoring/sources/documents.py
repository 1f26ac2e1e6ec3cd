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

    members: whether rows are members of an object, which have names. elements: all rows; outer: what is around each,
    the nearest first. own: at each distance, what is around rows and is these rows themselves: paths, and beginnings of
    paths that end with a dot.
    """

    rows: str | None
    members: bool
    elements: list[Any]
    outer: list[tuple[Any, ...]]
    own: tuple[tuple[str, ...], ...] = ()

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
    found = []
    for value in values:
        try:
            document = json.loads(value or b"")
        except (ValueError, RecursionError):
            continue
        if isinstance(document, dict | list):
            found.append(document)
    return found if 2 * len(found) > len(values) else None


def layout(documents: Sequence[Any]) -> Layout:
    """Return where the rows of the documents are, as far as their shapes tell."""
    whole = Layout(None, False, [*documents], [()] * len(documents))
    return _within(whole, documents[0]) or whole


def inner(found: Layout) -> Layout | None:
    """Return the layout of rows within the rows; None if they hold no array of objects, and no object of rows."""
    return _within(found, next((each for each in found.elements if _array(each) or _map(each)), None))


def _within(around: Layout, shape: Any) -> Layout | None:
    """Return the layout of what one of the elements, `shape`, has as rows; None if it has none."""
    before = f"{around.rows}." if around.rows else ""
    elements = [*zip(around.elements, around.outer, strict=True)]
    own: tuple[str, ...]
    if (path := _array(shape)) is not None:
        found = [(row, (each, *outer)) for each, outer in elements for row in _at(each, path) if isinstance(row, dict)]
        rows, own = f"{before}{path}[]", ()
    elif (path := _map(shape)) is not None:
        near = [(_at(each, path), (each if path else {}, *outer)) for each, outer in elements]
        found = [(row, outer) for members, outer in near if isinstance(members, dict) for row in members.values()]
        rows, own = f"{before}{path}.*" if path else f"{before}*", (f"{path}.",)
    else:
        return None
    outer = [each for _, each in found]
    return Layout(rows, rows.endswith("*"), [row for row, _ in found], outer, (own, *around.own))


def wide(documents: Sequence[Any], members: Sequence[str]) -> Layout:
    """Return the layout of documents whose members with these names are the rows."""
    pairs = [(each[name], each) for each in documents for name in members if name in each]
    rows = "{" + ",".join(members) + "}"
    return Layout(rows, True, [row for row, _ in pairs], [(each,) for _, each in pairs], (tuple(members),))


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


def _array(document: Any, path: str = "", depth: int = 3) -> str | None:
    """Return the path of the first array of objects."""
    if isinstance(document, list):
        return path if document and all(isinstance(each, dict) for each in document) else None
    if isinstance(document, dict) and depth:
        for key, inner in document.items():
            if not set(key) & set('."\\[]{}^'):
                found = _array(inner, f"{path}.{key}" if path else key, depth - 1)
                if found is not None:
                    return found
    return None


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
