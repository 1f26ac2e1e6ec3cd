"""The values at a path in many elements at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from headrace_udfs.faults import Code, Fault, shown
from headrace_udfs.formats.rows.walk import ABSENT
from headrace_udfs.paths import INDEX, MEMBER, Path
from headrace_udfs.paths import shown as shown_path


class PathReader:
    """Reads one path, which begins in the elements (without any step out of them)."""

    def __init__(self, path: Path, scalars: frozenset[int]) -> None:
        """Take the path. scalars: the depths where a value may be a number or a text, so that nothing follows."""
        self._path, self._scalars = path, scalars

    def read(self, elements: list[Any], names: Sequence[Any] = ()) -> list[Any]:
        """Return the value at the path in each element: ABSENT if there is none, None if it or one before it is null.

        A Fault stands where a value on the path has another type, or is one. names: the name or the position of each
        element, for a step that stands for it.
        """
        values = elements
        for depth, step in enumerate(self._path):
            if step in (MEMBER, INDEX):
                pairs = zip(values, names, strict=True)
                values = [self._item(v, n, depth) if type(n) is int else self._key(v, n, depth) for v, n in pairs]
            elif type(step) is int:
                values = [self._item(value, step, depth) for value in values]
            else:
                values = [v.get(step, ABSENT) if type(v) is dict else self._key(v, step, depth) for v in values]
        return values

    def _key(self, value: Any, key: Any, depth: int) -> Any:
        if type(value) is dict:
            return value.get(key, ABSENT)
        return self._through(value, depth, "an object")

    def _item(self, value: Any, position: int, depth: int) -> Any:
        if type(value) is list:
            return value[position] if -len(value) <= position < len(value) else ABSENT
        return self._through(value, depth, "an array")

    def _through(self, value: Any, depth: int, expected: str) -> Any:
        """Return what a path finds in a value that has nothing below it."""
        if value is None or value is ABSENT or isinstance(value, Fault):
            return value
        if depth in self._scalars and not isinstance(value, dict | list):
            return ABSENT
        around = f"'{shown_path(self._path[:depth])}' is" if depth else "the row is"
        return Fault(Code.WRONG_TYPE, f"{around} {shown(value)}, expected {expected}")
