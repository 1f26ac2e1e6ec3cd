"""Ids of a plan's operators, from which Flink derives the uids that assign a savepoint's state to operators."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import count
from typing import Any

from headrace.planner.state.pairing import pair_operators
from headrace.planner.state.stored_plan import StoredPlan


def carry_over(
    plan: Mapping[str, Any], now: StoredPlan, before: StoredPlan | None
) -> tuple[dict[str, Any], StoredPlan]:
    """Return Flink's JSON of a plan and its stored form; operators that continue from `before` keep their ids.

    All others get ids that were never used before. Flink numbers operators by their position in the plan: without this,
    a source that is inserted before another one would take over its offsets.
    """
    kept = pair_operators(before, now).kept if before else {}
    top = before.top if before else 0
    unused = count(top + 1)
    ids = {node["id"]: kept[node["id"]] if node["id"] in kept else next(unused) for node in plan["nodes"]}
    return _renumbered(plan, ids), replace(now, plan=_renumbered(now.plan or {}, ids), top=max(top, *ids.values()))


def _renumbered(plan: Mapping[str, Any], ids: Mapping[int, int]) -> dict[str, Any]:
    """Return Flink's JSON of a plan with each operator's id replaced by its value in `ids`."""
    return {
        **plan,
        "nodes": [{**node, "id": ids[node["id"]]} for node in plan["nodes"]],
        "edges": [{**edge, "source": ids[edge["source"]], "target": ids[edge["target"]]} for edge in plan["edges"]],
    }
