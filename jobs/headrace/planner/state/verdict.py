"""The verdict on a running job's state when another plan continues from its savepoint, in the analyst's terms."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from headrace.planner.state.alignment import align
from headrace.planner.state.pairing import Pairing, TracedOperator, pair_operators
from headrace.planner.state.signature import AGGREGATES, SINK, SOURCE, WINDOWS, keeps_rows, known
from headrace.planner.state.stored_plan import StoredPlan

_ALL = "its beginning"
_ON_FROM_THE_TABLES = (
    "right after the last of its records that the job's tables hold, and from its beginning if they hold none"
)
_STAYS = "a row written before stays if it goes before it changes again"

Kind = Literal["compatible", "compatible with loss", "incompatible", "unknown"]


@dataclass(frozen=True)
class Verdict:
    """A verdict and its reasons, one per affected state. Those of a compatible change are notes for the reader."""

    kind: Kind
    reasons: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.kind}: {'; '.join(self.reasons)}" if self.reasons else self.kind


def verdict(before: StoredPlan, now: StoredPlan, *, keeps_every_record: bool = False) -> Verdict:
    """Return what becomes of the state of `before` when `now` continues from it.

    `keeps_every_record`: the job reads an added source on from where its tables end.
    """
    if (before.plan is None) != (now.plan is None):
        return Verdict("incompatible", ("a SQL job and a Table API job cannot read each other's state",))
    if before.store != now.store:
        reason = f"uncommitted rows belong to {before.store}, and the job would write {now.store}"
        return Verdict("incompatible", (reason,))
    if now.plan is None:
        return _of_graphs(before, now)
    pairing = pair_operators(before, now)
    if unknown := list(_unknown(pairing)):
        return Verdict("unknown", tuple(unknown))
    notes = tuple(_empty(pairing, _ON_FROM_THE_TABLES if keeps_every_record else _ALL))
    if lost := list(_lost(pairing)):
        return Verdict("compatible with loss", (*lost, *notes))
    return Verdict("compatible", notes)


def _of_graphs(before: StoredPlan, now: StoredPlan) -> Verdict:
    if before.topics != now.topics:
        return Verdict(
            "incompatible", ("the module reads another topic, and would continue from the offsets of the first",)
        )
    if before.graph != now.graph:
        reason = "the module's operators or their order changed, and Flink finds their state by position"
        return Verdict("incompatible", (reason,))
    if before.model and now.model and before.model != now.model:
        return Verdict("compatible", (model_change(before.model, now.model),))
    return Verdict("compatible", ("a module's state is read by its own code: do not change what it stores",))


def model_change(was: str, now: str) -> str:
    """Return what becomes of a score job's state when another version of a model continues."""
    return (
        f"{now} starts without the memory of {was}: no reading is lost, but its means over hours and days have to "
        f"fill, and open events of {was} end"
    )


def _unknown(pairing: Pairing) -> Iterator[str]:
    for id_ in pairing.doubtful:
        yield f"{pairing.now[id_].operator} could continue from more than one operator of the previous plan"
    for each in [*pairing.lost, *pairing.empty]:
        if not known(each.operator):
            yield f"it is unknown what state Flink keeps for: {each.operator.noun}"


def _lost(pairing: Pairing) -> Iterator[str]:
    """Yield what each operator loses, and why."""
    changes = {
        pair.was.id: (pairing.now[pair.now.id], list(map(str, pair.changes)))
        for pair in align([each.operator for each in pairing.lost], [each.operator for each in pairing.empty])
        if pair.was and pair.now
    }
    keeping = {str(each.operator) for each in pairing.empty if keeps_rows(each.operator)}
    for each in pairing.lost:
        operator = each.operator
        if operator.type == SINK:
            # Stopped with a savepoint, a sink has committed everything that it received. Only the rows that Flink
            # keeps before it can be missed.
            if keeps_rows(operator) and str(operator) in keeping:
                yield f"the {operator} loses the rows that it keeps by key: {_STAYS}"
            continue
        if operator.type == SOURCE:
            yield f"the {operator} is no longer read: its offsets are dropped"
        elif operator.id not in changes:
            yield f"the {operator} is removed, and with it {_contents(each)}"
        else:
            now, differing = changes[operator.id]
            moved = now.origins != each.origins
            rows = "its rows come from elsewhere" if moved else "its rows have other columns"
            why = "; ".join(differing) or rows
            yield f"the {operator} starts empty, {_contents(each)} are lost: {why}"


def _contents(each: TracedOperator) -> str:
    if each.operator.type in WINDOWS:
        return "the readings in the windows that are open at the savepoint"
    if each.operator.type in AGGREGATES:
        return "the values that it has aggregated"
    return "the rows that it keeps"


def _empty(pairing: Pairing, added: str) -> Iterator[str]:
    """Yield the operators that start without state and replace no other; `added` is from where a source is read."""
    gone = {each.operator.noun for each in pairing.lost}
    written = {str(each.operator) for each in pairing.lost if not keeps_rows(each.operator)}
    for each in pairing.empty:
        if each.operator.type == SOURCE:
            yield f"the {each.operator} is read from {added}"
        elif keeps_rows(each.operator) and str(each.operator) in written:
            yield f"the {each.operator} now keeps rows by key, and has none yet: {_STAYS}"
        elif each.operator.type != SINK and each.operator.noun not in gone:
            yield f"the {each.operator} starts with the records after the savepoint"
