"""Pair the operators of a changed plan with those of the previous plan that they continue from."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass

from headrace.planner.state.operators import Operator, operators
from headrace.planner.state.signature import SINK, SOURCE, signature, stateful
from headrace.planner.state.stored_plan import StoredPlan


@dataclass(frozen=True)
class TracedOperator:
    """An operator, the signature of its state, and where its rows come from.

    `subtree` is equal for two operators only if everything before them is equal. `origins` are the signatures of the
    sources that reach it; a sink has none.
    """

    operator: Operator
    signature: str
    subtree: str
    origins: frozenset[str]

    @property
    def stateful(self) -> bool:
        """Whether the operator keeps state."""
        return stateful(self.operator)


@dataclass(frozen=True)
class Pairing:
    """The operators of two plans, by id. `kept` maps the id of an operator now to the id that it continues from.

    `doubtful` are the ids of operators now that could continue from more than one operator, and so continue from none.
    """

    before: Mapping[int, TracedOperator]
    now: Mapping[int, TracedOperator]
    kept: Mapping[int, int]
    doubtful: tuple[int, ...]

    @property
    def lost(self) -> list[TracedOperator]:
        """The operators of the plan `before` whose state is not continued from."""
        return [t for i, t in self.before.items() if t.stateful and i not in self.kept.values()]

    @property
    def empty(self) -> list[TracedOperator]:
        """The operators of the plan `now` that start without state."""
        return [t for i, t in self.now.items() if t.stateful and i not in self.kept]


def pair_operators(before: StoredPlan, now: StoredPlan) -> Pairing:
    """Pair the operators of two plans, beginning with those that are equal in every respect."""
    old, new = trace_operators(before), trace_operators(now)
    kept: dict[int, int] = {}
    for key in (lambda each: (each.subtree, each.operator.feeds), lambda each: each.subtree):
        for was, are in _groups(old, new, kept, key):
            # Everything before them is equal, so they hold the same state.
            if len(was) == len(are):
                kept.update(zip(are, was, strict=True))
    doubtful: list[int] = []
    for key in (
        lambda each: (each.stateful, each.signature, each.origins, each.operator.feeds),
        lambda each: (each.stateful, each.signature, each.origins),
    ):
        several = [group for group in _groups(old, new, kept, key) if new[group[1][0]].stateful]
        kept.update({are[0]: was[0] for was, are in several if len(was) == len(are) == 1})
        doubtful = [id_ for was, are in several if len(was) > 1 or len(are) > 1 for id_ in are]
    return Pairing(old, new, kept, tuple(doubtful))


def _groups(
    old: Mapping[int, TracedOperator],
    new: Mapping[int, TracedOperator],
    kept: Mapping[int, int],
    key: Callable[[TracedOperator], Hashable],
) -> list[tuple[list[int], list[int]]]:
    """Return the unpaired ids before and now, for each value of `key` that occurs on both sides."""
    groups: dict[Hashable, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
    for side, (plan, taken) in enumerate(((old, set(kept.values())), (new, set(kept)))):
        for id_, each in plan.items():
            if id_ not in taken:
                groups[key(each)][side].append(id_)
    return [(was, are) for was, are in groups.values() if was and are]


def trace_operators(stored: StoredPlan) -> dict[int, TracedOperator]:
    """Return the operators of a plan by their ids, traced back to their sources."""
    by_id = {each.id: each for each in operators(stored.plan)} if stored.plan else {}
    results: dict[int, TracedOperator] = {}

    def trace(id_: int) -> TracedOperator:
        if id_ not in results:
            operator = by_id[id_]
            inputs = [trace(each) for each in operator.inputs]
            sign = signature(operator, [each.operator for each in inputs], stored.topics)
            parts = (operator.type, sorted(map(repr, operator.traits.items())), sign, [each.subtree for each in inputs])
            subtree = hashlib.sha256(repr(parts).encode()).hexdigest()
            own = frozenset({sign}) if operator.type == SOURCE else frozenset()
            # A sink stays the same, whatever else it receives.
            above = [each.origins for each in inputs] if operator.type != SINK else []
            results[id_] = TracedOperator(operator, sign, subtree, own.union(*above))
        return results[id_]

    return {id_: trace(id_) for id_ in by_id}
