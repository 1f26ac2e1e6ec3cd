"""What becomes of a running job's state when another plan goes on from its savepoint, in the analyst's terms."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from headrace.planner.state.alignment import align
from headrace.planner.state.pairing import Pairing, TracedOperator, pair_operators
from headrace.planner.state.signature import AGGREGATES, SINK, SOURCE, WINDOWS, known
from headrace.planner.state.stored_plan import StoredPlan

Kind = Literal["compatible", "compatible with loss", "incompatible", "unknown"]


@dataclass(frozen=True)
class Verdict:
    """`reasons` say what becomes of which state; those of a compatible change, what a reader may want to know."""

    kind: Kind
    reasons: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.kind}: {'; '.join(self.reasons)}" if self.reasons else self.kind


def verdict(before: StoredPlan, now: StoredPlan) -> Verdict:
    """What becomes of the state of `before` when `now` goes on from it."""
    if (before.plan is None) != (now.plan is None):
        return Verdict("incompatible", ("a SQL job and a Table API job cannot read each other's state",))
    if before.store != now.store:
        said = f"what was written and not committed is for {before.store}, and the job would write {now.store}"
        return Verdict("incompatible", (said,))
    if now.plan is None:
        return _of_graphs(before, now)
    pairing = pair_operators(before, now)
    if unknown := list(_unknown(pairing)):
        return Verdict("unknown", tuple(unknown))
    notes = tuple(_empty(pairing))
    if lost := list(_lost(pairing)):
        return Verdict("compatible with loss", (*lost, *notes))
    return Verdict("compatible", notes)


def _of_graphs(before: StoredPlan, now: StoredPlan) -> Verdict:
    if before.topics != now.topics:
        return Verdict(
            "incompatible", ("the module reads another topic, and would take over the offsets of the first",)
        )
    if before.graph != now.graph:
        said = "the module's operators are others, or stand elsewhere, and Flink finds their state by their place"
        return Verdict("incompatible", (said,))
    return Verdict("compatible", ("a module's state is read by its own code: keep what it stores as it is",))


def _unknown(pairing: Pairing) -> Iterator[str]:
    for id_ in pairing.doubtful:
        yield f"{pairing.now[id_].operator} could go on from more than one operator of before"
    for each in [*pairing.lost, *pairing.empty]:
        if not known(each.operator):
            yield f"it is not known what Flink keeps for: {each.operator.noun}"


def _lost(pairing: Pairing) -> Iterator[str]:
    """What is lost, operator by operator, and why."""
    changes = {
        pair.was.id: (pairing.now[pair.now.id], list(map(str, pair.changes)))
        for pair in align([each.operator for each in pairing.lost], [each.operator for each in pairing.empty])
        if pair.was and pair.now
    }
    for each in pairing.lost:
        operator = each.operator
        if operator.type == SINK:
            # Stopped with a savepoint, a sink has committed all that it was given.
            continue
        if operator.type == SOURCE:
            yield f"the {operator} was at offsets that are dropped: it is read no more"
        elif operator.id not in changes:
            yield f"the {operator} is gone, and {_kept_by(each)} with it"
        else:
            now, differing = changes[operator.id]
            moved = now.origins != each.origins
            given = "what it is given comes from elsewhere" if moved else "what it is given has other columns"
            why = "; ".join(differing) or given
            yield f"the {operator} starts anew, {_kept_by(each)} are lost: {why}"


def _kept_by(each: TracedOperator) -> str:
    if each.operator.type in WINDOWS:
        return "the readings in the windows that are open at the savepoint"
    if each.operator.type in AGGREGATES:
        return "the values that it has aggregated"
    return "the rows that it keeps"


def _empty(pairing: Pairing) -> Iterator[str]:
    """What starts without a state in place of nothing."""
    gone = {each.operator.noun for each in pairing.lost}
    for each in pairing.empty:
        if each.operator.type == SOURCE:
            yield f"the {each.operator} is read from its start"
        elif each.operator.type != SINK and each.operator.noun not in gone:
            yield f"the {each.operator} starts with what comes after the savepoint"
