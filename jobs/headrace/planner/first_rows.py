"""Ranks that keep the first row of each key, and that Flink takes for final although a later row can replace it.

Flink's planner takes ROW_NUMBER() = 1 for a deduplication that emits each row once, whatever its columns are, unless it
is ordered by one column that descends. The operator itself replaces rows, but does not retract them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from headrace.compose.job_statements import Composition
from headrace.errors import Problem, UserError
from headrace.planner import changelog
from headrace.planner.state.operators import end_of, operators, type_of

_REPLACED = ["INSERT", "UPDATE_AFTER"]
_RETRACTED = ["INSERT", changelog.UPDATE_BEFORE, "UPDATE_AFTER"]


def corrected(plan: Mapping[str, Any], composition: Composition) -> dict[str, Any]:
    """Return the plan; where a sink would keep a row that was replaced, the rank retracts it.

    Raises UserError if such a rank feeds an operator that was planned for rows that stay.
    """
    changed: dict[int, dict[str, Any]] = {}
    problems: list[Problem] = []
    for rank in filter(_is_taken_for_final, plan["nodes"]):
        reached = list(_reached(plan, rank["id"]))
        problems += [_problem(plan, composition, node) for node, _ in reached if type_of(node) != "sink"]
        sinks = [(node, filtered) for node, filtered in reached if type_of(node) == "sink"]
        upserted = [(node, filtered) for node, filtered in sinks if end_of(node) in composition.keys]
        retracts = any(filtered or not changelog.is_keyed_alike(node, composition) for node, filtered in upserted)
        if retracts:
            changed[rank["id"]] = {"generateUpdateBefore": True}
        for node, _ in sinks if retracts or len(upserted) < len(sinks) else []:
            changed[node["id"]] = {"inputChangelogMode": _RETRACTED if retracts else _REPLACED}
    if problems:
        raise UserError(problems)
    return {**plan, "nodes": [{**node, **changed.get(node["id"], {})} for node in plan["nodes"]]}


def _is_taken_for_final(node: Mapping[str, Any]) -> bool:
    if type_of(node) != "rank" or node.get("outputRowNumber") or node.get("generateUpdateBefore"):
        return False
    order, rows = node["orderBy"]["fields"], node["rankRange"]
    last = len(order) == 1 and not order[0]["isAscending"]
    first = rows.get("start") == rows.get("end") == 1
    return node["rankType"] == "ROW_NUMBER" and first and not last and node["rankStrategy"]["type"] == "AppendFast"


def _reached(plan: Mapping[str, Any], id_: int, *, filtered: bool = False) -> Iterator[tuple[Mapping[str, Any], bool]]:
    """Yield the operators that receive the rows of an operator, and whether a filter is on the way."""
    nodes = {node["id"]: node for node in plan["nodes"]}
    targets: dict[int, list[int]] = defaultdict(list)
    for edge in plan["edges"]:
        targets[edge["source"]].append(edge["target"])
    for target in targets[id_]:
        node = nodes[target]
        if type_of(node) in changelog.PASSING:
            yield from _reached(plan, target, filtered=filtered or bool(node.get("condition")))
        else:
            yield node, filtered


def _problem(plan: Mapping[str, Any], composition: Composition, node: Mapping[str, Any]) -> Problem:
    operator = next(each for each in operators(plan) if each.id == node["id"])
    sink = min(operator.feeds & composition.sinks.keys(), default="")
    what = f"the {operator.noun} reads row_number() = 1, whose rows Flink does not retract when others replace them"
    fix = "order them by one column, descending, like `order by ts desc`"
    return Problem(what, composition.folder.place(sink), fix)
