"""From documents to rows: follows a contract's path to rows through many documents at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from headrace_udfs.arrays import Positions
from headrace_udfs.faults import Code, Fault, shown
from headrace_udfs.formats.documents import Document
from headrace_udfs.paths import BUT, EACH, RowPath, repeats
from headrace_udfs.paths import shown as shown_path

ABSENT = object()
"""Stands for a value that is not there."""

_NONE = Fault(Code.NO_READINGS, "the message has no rows")


@dataclass(frozen=True)
class Level:
    """The elements that one repeating step leads to.

    elements: the elements; None where `faults` has a reason.
    up: the position of each element's surroundings among the elements of the level around.
    names: the name of each member, or the position of each element; of a document, its own position.
    """

    elements: list[Any]
    up: list[int]
    names: list[Any]


@dataclass(frozen=True)
class Rows:
    """The rows of documents.

    levels: the elements of each level; the first are the documents, the last the rows that can be read.
    owner: the position of the message of each row, ascending, with those that cannot be read.
    at: the position of each row of the last level among all rows.
    faults: why each other row cannot be read, by its position.
    """

    levels: list[Level]
    owner: Positions
    at: Positions
    faults: dict[int, Fault]

    def __len__(self) -> int:
        """Return the number of rows that can be read."""
        return len(self.at)

    def level(self, out: int) -> Level:
        """Return the level that is `out` levels around the rows; 0 is that of the rows themselves."""
        return self.levels[len(self.levels) - 1 - out]

    def spread(self, values: list[Any], out: int) -> list[Any]:
        """Return, per row that can be read, the value of the element around it. values: one per element of a level."""
        if not out:
            return values
        at = self.levels[-1].up
        for level in reversed(self.levels[len(self.levels) - out : -1]):
            up = level.up
            at = [up[i] for i in at]
        return [values[i] for i in at]


def walk(documents: Sequence[Document | Fault], owner: Positions, path: RowPath, messages: int) -> Rows:
    """Return the rows of documents, in their order.

    owner: the position of the message of each document, ascending, below `messages`. A document that is a Fault is a
    row with that fault, and a message without rows is one with NO_READINGS.
    """
    refused = {i: each for i, each in enumerate(documents) if isinstance(each, Fault)}
    elements = [None if i in refused else each for i, each in enumerate(documents)] if refused else list(documents)
    walker = _Walker([Level(elements, [], list(range(len(elements))))], refused)
    seen = 0
    for at, step in enumerate(path):
        if repeats(step):
            walker.repeat(path[seen:at], step)
            seen = at + 1
    for level in walker.levels[1:]:
        owner = owner[np.array(level.up, np.int64)]
    return _ordered(walker.levels, walker.faults, owner, messages)


def _ordered(levels: list[Level], faults: dict[int, Fault], owner: Positions, messages: int) -> Rows:
    """Return the rows, with one more, refused, for each message without any."""
    good = np.delete(np.arange(len(owner)), list(faults))
    empty = np.flatnonzero(np.bincount(owner, minlength=messages) == 0)
    if not len(empty) and not faults:
        return Rows(levels, owner, good, {})
    order = np.argsort(np.concatenate([owner, empty]), kind="stable")
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    reasons = {int(place[i]): fault for i, fault in faults.items()}
    reasons |= dict.fromkeys(place[len(owner) :].tolist(), _NONE)
    last = levels[-1]
    if faults:
        kept = good.tolist()
        last = Level(*([each[i] for i in kept] if each else [] for each in (last.elements, last.up, last.names)))
    return Rows([*levels[:-1], last], np.concatenate([owner, empty])[order], place[good], reasons)


class _Walker:
    """Appends a level per repeating step; `faults` are those of the last level."""

    def __init__(self, levels: list[Level], faults: dict[int, Fault]) -> None:
        self.levels = levels
        self.faults = faults

    def repeat(self, keys: RowPath, step: str | tuple[str, ...]) -> None:
        """Append the level of `step`, whose containers stand at `keys` in the elements of the last level."""
        elements: list[Any] = []
        up: list[int] = []
        names: list[Any] = []
        faults: dict[int, Fault] = {}
        containers, refused = self._containers(keys, step)
        for i, container in enumerate(containers):
            if fault := refused.get(i):
                faults[len(elements)] = fault
                elements.append(None)
                up.append(i)
                names.append(None)
                continue
            if not container:
                continue
            if step == EACH:
                elements += container
                names += range(len(container))
                up += [i] * len(container)
                continue
            chosen = container if isinstance(step, str) else _chosen(container, step)
            elements += chosen.values()
            names += chosen
            up += [i] * len(chosen)
        self.levels.append(Level(elements, up, names))
        self.faults = faults

    def _containers(self, keys: RowPath, step: str | tuple[str, ...]) -> tuple[list[Any], dict[int, Fault]]:
        """Return what stands at `keys` in each element, and why it is nothing that `step` can repeat."""
        wanted = list if step == EACH else dict
        refused = dict(self.faults)
        values = self.levels[-1].elements
        for depth, key in enumerate(keys):
            following = []
            for i, value in enumerate(values):
                if type(value) is dict:
                    following.append(value.get(key, ABSENT))
                elif value is None or value is ABSENT:
                    following.append(value)
                else:
                    refused.setdefault(i, _not_there(keys[:depth], value, dict))
                    following.append(None)
            values = following
        inner = len(self.levels) > 1
        for i, value in enumerate(values):
            if type(value) is wanted or value is None:
                continue
            if value is not ABSENT:
                refused.setdefault(i, _not_there(keys, value, wanted))
            elif inner:
                what = f"an element on the path to the rows has no '{shown_path(keys)}'"
                refused.setdefault(i, Fault(Code.NO_READINGS, what))
        return [value if type(value) is wanted else None for value in values], refused


def _chosen(members: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """Return the members with these names, or, after BUT, all others."""
    if names[0] == BUT:
        return {name: value for name, value in members.items() if name not in names}
    return {name: members[name] for name in names if name in members}


def _not_there(keys: RowPath, value: Any, wanted: type) -> Fault:
    if isinstance(value, Fault):
        return value
    where = f"'{shown_path(keys)}' is {shown(value)}" if keys else f"found {shown(value)}"
    if wanted is list:
        return Fault(Code.NOT_AN_ARRAY, f"expected an array of rows, {where}")
    return Fault(Code.NOT_AN_OBJECT, f"expected an object, {where}")
