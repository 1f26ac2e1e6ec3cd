"""Align the operators of two plans: each with its counterpart in the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Literal

from headrace.planner.state import differences
from headrace.planner.state.differences import Change
from headrace.planner.state.operators import Operator


@dataclass(frozen=True)
class Pair:
    """An operator before and after a change; one of them may be absent. `changes` are those of its traits."""

    was: Operator | None
    now: Operator | None
    changes: tuple[Change, ...] = ()

    @property
    def differs(self) -> bool:
        """Whether anything about the operator has changed."""
        return self.kind != "same"

    @property
    def kind(self) -> Literal["added", "removed", "changed", "same"]:
        """Whether the operator was added, removed or changed."""
        if self.was is None or self.now is None:
            return "added" if self.now else "removed"
        return "changed" if self.changes else "same"

    @property
    def operator(self) -> Operator:
        """The operator after the change, or before it if it is removed."""
        operator = self.now or self.was
        assert operator, "one side is set"  # noqa: S101 - narrows the type
        return operator

    def __str__(self) -> str:
        """The operator and what happened to it, as text."""
        outcome = "; ".join(map(str, self.changes)) if self.kind == "changed" else self.kind
        return f"{self.operator}: {outcome}"


def align(was: list[Operator], now: list[Operator]) -> list[Pair]:
    """Return every operator of both plans once, in the order of `now`, with removed ones at the end.

    Two operators match if they are of one kind and their rows reach a common sink; among several, the most similar do.
    """
    candidates = sorted(
        ((_closeness(old, new), -abs(i - j), i, j) for (i, old), (j, new) in product(enumerate(was), enumerate(now))
         if _may_be_same(old, new)),
        reverse=True,
    )  # fmt: skip
    matches: dict[int, int] = {}
    for _, _, i, j in candidates:
        if j not in matches and i not in matches.values():
            matches[j] = i
    pairs = [_pair(was[matches[j]], new) if j in matches else Pair(None, new) for j, new in enumerate(now)]
    return pairs + [Pair(old, None) for i, old in enumerate(was) if i not in matches.values()]


def _may_be_same(was: Operator, now: Operator) -> bool:
    if was.noun != now.noun:
        return False
    ends = was.traits.get("of"), now.traits.get("of")
    return ends[0] == ends[1] if any(ends) else not was.feeds.isdisjoint(now.feeds)


def _closeness(was: Operator, now: Operator) -> tuple[bool, bool, bool, float]:
    old, new = {*_trait_texts(was)}, {*_trait_texts(now)}
    common = len(old & new) / max(1, len(old | new))
    same_group = was.traits.get("by") == now.traits.get("by")
    return was.traits == now.traits, was.feeds == now.feeds, same_group, common


def _trait_texts(operator: Operator) -> Iterator[tuple[str, str]]:
    for name, value in operator.traits.items():
        each = [value] if isinstance(value, str) else value if isinstance(value, list) else map(" ".join, value.items())
        yield from ((name, text) for text in each)


def _pair(was: Operator, now: Operator) -> Pair:
    return Pair(was, now, tuple(differences.changes(str(now), was.traits, now.traits)))
