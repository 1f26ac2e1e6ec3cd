"""Ids of a plan's operators, of which Flink makes the uids that a savepoint's state goes by."""

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
    """Flink's JSON of a plan, and what is kept of it, with the ids of `before` for what goes on from there.

    All else gets ids never used before. Flink numbers operators by their place in the plan: without this, a source that
    is put before another one would take over its offsets.
    """
    kept = pair_operators(before, now).kept if before else {}
    top = before.top if before else 0
    unused = count(top + 1)
    ids = {node["id"]: kept[node["id"]] if node["id"] in kept else next(unused) for node in plan["nodes"]}
    return _renumbered(plan, ids), replace(now, plan=_renumbered(now.plan or {}, ids), top=max(top, *ids.values()))


def _renumbered(plan: Mapping[str, Any], ids: Mapping[int, int]) -> dict[str, Any]:
    """Flink's JSON of a plan, each of its operators with the id that `ids` has for its own."""
    return {
        **plan,
        "nodes": [{**node, "id": ids[node["id"]]} for node in plan["nodes"]],
        "edges": [{**edge, "source": ids[edge["source"]], "target": ids[edge["target"]]} for edge in plan["edges"]],
    }
