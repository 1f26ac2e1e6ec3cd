"""Which operator of a changed plan goes on from which of the plan before."""

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
    """An operator, what its state is made of, and what its rows come from.

    `subtree` is the same for two operators only where all that is before them is, `origins` are the signatures of the
    sources; none of a sink.
    """

    operator: Operator
    signature: str
    subtree: str
    origins: frozenset[str]

    @property
    def stateful(self) -> bool:
        return stateful(self.operator)


@dataclass(frozen=True)
class Pairing:
    """`kept` says which operator of before each one of now goes on from, by their ids.

    `doubtful` are those of now that could go on from more than one, and go on from none.
    """

    before: Mapping[int, TracedOperator]
    now: Mapping[int, TracedOperator]
    kept: Mapping[int, int]
    doubtful: tuple[int, ...]

    @property
    def lost(self) -> list[TracedOperator]:
        """The operators of before whose state nobody goes on from."""
        return [t for i, t in self.before.items() if t.stateful and i not in self.kept.values()]

    @property
    def empty(self) -> list[TracedOperator]:
        """The operators of now that start without a state."""
        return [t for i, t in self.now.items() if t.stateful and i not in self.kept]


def pair_operators(before: StoredPlan, now: StoredPlan) -> Pairing:
    """Pair the operators of two plans, those first that all is the same of."""
    old, new = trace_operators(before), trace_operators(now)
    kept: dict[int, int] = {}
    for key in (lambda each: (each.subtree, each.operator.feeds), lambda each: each.subtree):
        for was, are in _groups(old, new, kept, key):
            # Alike in all that is before them, they hold the same state.
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
    """The ids of those of before and those of now that no pair has yet, by what `key` says of them, where both are."""
    groups: dict[Hashable, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
    for side, (plan, taken) in enumerate(((old, set(kept.values())), (new, set(kept)))):
        for id_, each in plan.items():
            if id_ not in taken:
                groups[key(each)][side].append(id_)
    return [(was, are) for was, are in groups.values() if was and are]


def trace_operators(stored: StoredPlan) -> dict[int, TracedOperator]:
    """The operators of a plan by their ids."""
    found = {each.id: each for each in operators(stored.plan)} if stored.plan else {}
    made: dict[int, TracedOperator] = {}

    def trace(id_: int) -> TracedOperator:
        if id_ not in made:
            operator = found[id_]
            inputs = [trace(each) for each in operator.inputs]
            sign = signature(operator, [each.operator for each in inputs], stored.topics)
            said = (operator.type, sorted(map(repr, operator.traits.items())), sign, [each.subtree for each in inputs])
            subtree = hashlib.sha256(repr(said).encode()).hexdigest()
            own = frozenset({sign}) if operator.type == SOURCE else frozenset()
            # A sink is the same one, whatever else it is given.
            above = [each.origins for each in inputs] if operator.type != SINK else []
            made[id_] = TracedOperator(operator, sign, subtree, own.union(*above))
        return made[id_]

    return {id_: trace(id_) for id_ in found}
