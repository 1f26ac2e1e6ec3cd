"""The operators of two plans, each with the one that it is in the other."""

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
    """An operator as it was and as it is; None where it is added or removed. `changes` are those of its traits."""

    was: Operator | None
    now: Operator | None
    changes: tuple[Change, ...] = ()

    @property
    def differs(self) -> bool:
        return self.kind != "same"

    @property
    def kind(self) -> Literal["added", "removed", "changed", "same"]:
        if self.was is None or self.now is None:
            return "added" if self.now else "removed"
        return "changed" if self.changes else "same"

    @property
    def operator(self) -> Operator:
        """The operator as it is, or was last."""
        either = self.now or self.was
        assert either, "one side is there"  # noqa: S101 - narrows the type
        return either

    def __str__(self) -> str:
        """In words: what becomes of which operator."""
        said = "; ".join(map(str, self.changes)) if self.kind == "changed" else self.kind
        return f"{self.operator}: {said}"


def align(was: list[Operator], now: list[Operator]) -> list[Pair]:
    """Every operator of both plans once, in the order of `now`, those that are gone last.

    Two are the same if they are of a kind and their rows reach a sink in common; of several, those that are most alike.
    """
    candidates = sorted(
        ((_closeness(old, new), -abs(i - j), i, j) for (i, old), (j, new) in product(enumerate(was), enumerate(now))
         if _may_be_same(old, new)),
        reverse=True,
    )  # fmt: skip
    of_now: dict[int, int] = {}
    for _, _, i, j in candidates:
        if j not in of_now and i not in of_now.values():
            of_now[j] = i
    pairs = [_pair(was[of_now[j]], new) if j in of_now else Pair(None, new) for j, new in enumerate(now)]
    return pairs + [Pair(old, None) for i, old in enumerate(was) if i not in of_now.values()]


def _may_be_same(was: Operator, now: Operator) -> bool:
    if was.noun != now.noun:
        return False
    ends = was.traits.get("of"), now.traits.get("of")
    return ends[0] == ends[1] if any(ends) else not was.feeds.isdisjoint(now.feeds)


def _closeness(was: Operator, now: Operator) -> tuple[bool, bool, bool, float]:
    ours, theirs = {*_said(was)}, {*_said(now)}
    common = len(ours & theirs) / max(1, len(ours | theirs))
    same_group = was.traits.get("by") == now.traits.get("by")
    return was.traits == now.traits, was.feeds == now.feeds, same_group, common


def _said(operator: Operator) -> Iterator[tuple[str, str]]:
    for name, value in operator.traits.items():
        each = [value] if isinstance(value, str) else value if isinstance(value, list) else map(" ".join, value.items())
        yield from ((name, text) for text in each)


def _pair(was: Operator, now: Operator) -> Pair:
    return Pair(was, now, tuple(differences.changes(str(now), was.traits, now.traits)))
