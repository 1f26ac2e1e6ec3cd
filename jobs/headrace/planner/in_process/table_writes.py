"""Tables of files that take the changes that Iceberg's sink takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from headrace.planner import changelog
from headrace.planner.planning import Plan

_DROPS = "stream-exec-drop-update-before_1"


def like_iceberg(plan: Plan) -> Plan:
    """Return the plan; tables ignore UPDATE_BEFORE as Iceberg's sink does, which files would keep as a deletion.

    A Table API job has no plan that could be changed, and is returned as it is.
    """
    if plan.compiled is None:
        return plan
    compiled = plan.compiled
    for sink in changelog.ignored(compiled, plan.composition):
        compiled = _without_update_before(compiled, sink)
    return replace(plan, compiled=compiled)


def _without_update_before(plan: Mapping[str, Any], sink: int) -> dict[str, Any]:
    """Return the plan with an operator before the sink that drops UPDATE_BEFORE."""
    number = max(node["id"] for node in plan["nodes"]) + 1
    before = next(edge for edge in plan["edges"] if edge["target"] == sink)
    inputs = {node["id"]: node for node in plan["nodes"]}
    dropping = {
        "id": number,
        "type": _DROPS,
        "inputProperties": inputs[sink]["inputProperties"],
        "outputType": inputs[before["source"]]["outputType"],
        "description": "DropUpdateBefore",
    }
    edges = [edge if edge is not before else {**edge, "target": number} for edge in plan["edges"]]
    return {**plan, "nodes": [*plan["nodes"], dropping], "edges": [*edges, {**before, "source": number}]}
