"""Typed msgspec structs of the values that a contract reads, and the extraction of columns from them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from headrace_udfs.formats.exact import EXACT
from headrace_udfs.formats.json_leaves import Kind, Leaf

# Narrower than the exact decoder: from 2^53 on, a double does not show whether the payload had a whole number.
_TYPES: dict[Kind, Any] = {
    "string": str,
    "double": Annotated[float, Meta(gt=-float(EXACT), lt=float(EXACT))],
    "long": Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)],
    "boolean": bool,
    "timestamp": str,
    "instant": float,
    "ticks": Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)],
    "word": str | bool | Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)],
}

Get = Callable[[Sequence[Any]], list[Any]]
"""Returns one attribute of each struct."""

Columns = list[list[Any]]
"""One list of values per leaf, by the number of the leaf."""


class Shape:
    """An object in the payload: a struct with one attribute per key that leads to a leaf.

    struct: the msgspec type. required: whether the object has a required leaf. The attribute of an optional key that is
    missing is UNSET, so that the keys that are present can be counted.
    """

    def __init__(self, leaves: Sequence[tuple[int, Leaf]], depth: int = 0) -> None:
        """Define the struct of the numbered leaves whose paths share their first `depth` keys."""
        keys = dict.fromkeys(leaf.path[depth] for _, leaf in leaves)
        self.required = any(leaf.required for _, leaf in leaves)
        self._values: list[tuple[Get, int, bool, int]] = []
        self._objects: list[tuple[Get, int, Shape]] = []
        fields: list[Any] = []
        for number, key in enumerate(keys):
            get, colons = _attribute(number), 1 + key.count(":")
            below = [(slot, leaf) for slot, leaf in leaves if leaf.path[depth] == key]
            slot, leaf = below[0]
            if len(leaf.path) == depth + 1:
                kind, required = _TYPES[leaf.kind], leaf.required
                self._values.append((get, slot, required, colons))
            else:
                inner = Shape(below, depth + 1)
                kind, required = inner.struct, inner.required
                self._objects.append((get, colons, inner))
            fields.append((f"f{number}", kind) if required else (f"f{number}", kind | None | UnsetType, UNSET))
        rename = {f"f{number}": key for number, key in enumerate(keys)}
        self.struct: type[msgspec.Struct] = msgspec.defstruct("Shape", fields, gc=False, kw_only=True, rename=rename)
        self._empty = None if self.required else self.struct()

    def take(self, rows: Sequence[Any], columns: Columns) -> int:
        """Append the leaves of `rows` to their columns; return the number of colons that their keys account for."""
        accounted = 0
        for get, slot, required, colons in self._values:
            values = get(rows)
            present = len(rows)
            if not required and (absent := _absent(values)):
                present -= absent
                values = [None if value is UNSET else value for value in values] if present else [None] * absent
            accounted += present * colons
            columns[slot] += values
        for get, colons, inner in self._objects:
            objects = get(rows)
            present = len(rows)
            if not inner.required:
                present -= _absent(objects)
                objects = [inner._empty if value is UNSET or value is None else value for value in objects]
            accounted += present * colons + inner.take(objects, columns)
        return accounted


def _absent(values: list[Any]) -> int:
    """Return how many values are UNSET; list.count() takes twice as long, for it compares those that are not."""
    return len([None for value in values if value is UNSET])


def _attribute(number: int) -> Get:
    """Return the function that lists the attribute of a number: with its name in the code, it takes half as long."""
    get: Get = eval(f"lambda rows: [row.f{number} for row in rows]")  # noqa: S307 - there is only a number in it
    return get
