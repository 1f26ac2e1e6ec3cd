"""What a plan sends to its sinks: rows that are added, changed and retracted, and what the sinks make of them.

Flink describes a change of a row as UPDATE_BEFORE with the old row and UPDATE_AFTER with the new one. A filter or a
join may drop the second one, and a row may get another key: the old row is then gone. Iceberg's sink ignores
UPDATE_BEFORE, so the row would stay in its table. Before a sink where that can happen, Flink keeps the row of each key
and sends a DELETE. Kafka's sink takes UPDATE_BEFORE as a deletion.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from headrace.compose.job_statements import Composition
from headrace.errors import Problem, UserError
from headrace.planner.state.operators import end_of, inputs_of, type_of
from headrace.project.job import TOPIC

UPDATE_BEFORE = "UPDATE_BEFORE"
_INSERTS = ["INSERT"]
# Each of their UPDATE_BEFOREs is followed by an UPDATE_AFTER with the same key; a row that goes is a DELETE.
_PAIRING = frozenset({"changelog-normalize", "deduplicate", "global-group-aggregate", "group-aggregate", "rank"})
PASSING = frozenset({"calc", "exchange", "python-calc"})
"""The types of operators whose rows have the kinds of changes that they receive, and none of their own."""
_STATE = "sinkMaterializeState"
_NEVER = "0 ms"
_SINK = re.compile(r"Sink\(table=\[([^\]]+)\].*\n\s*\+- .*changelogMode=\[([A-Z,]*)\]")
_KINDS = {"I": "INSERT", "UB": UPDATE_BEFORE, "UA": "UPDATE_AFTER", "D": "DELETE"}

Changes = Mapping[str, list[str]]
"""The kinds of changes that each sink of a job receives, in Flink's words."""


def of_plan(plan: Mapping[str, Any]) -> Changes:
    """Return the changes of the sinks of a compiled plan."""
    return {end_of(node): node["inputChangelogMode"] for node in _sinks(plan)}


def of_explanation(composition: Composition, text: str) -> Changes:
    """Return the changes of the job's sinks in Flink's EXPLAIN with changelog modes: a module has no compiled plan."""
    found = dict(_SINK.findall(text))
    changes = {
        name: next((modes for path, modes in found.items() if path.endswith(f".{sink.path}") or path == sink.path), "")
        for name, sink in composition.sinks.items()
    }
    return {name: [_KINDS[kind] for kind in modes.split(",") if kind] for name, modes in changes.items()}


def problems(composition: Composition, changes: Changes) -> Iterator[Problem]:
    """Yield a problem for each append-only sink whose rows are changed or retracted."""
    for sink in composition.sinks:
        if sink not in composition.keys and changes.get(sink, _INSERTS) != _INSERTS:
            what = f"the job retracts rows of {sink}, but {sink} is append-only"
            fix = f"give the table a key and write {sink}: upsert, or aggregate in a window"
            yield Problem(what, composition.folder.place(sink), fix)


def keeping_rows(plan: Mapping[str, Any], composition: Composition) -> dict[str, Any]:
    """Return the plan; each upserted table that would miss a deletion receives its rows from a state by key."""
    tables = {name for name in composition.keys if not name.startswith(TOPIC)}
    missing = {
        node["id"] for node in _sinks(plan) if end_of(node) in tables and _may_miss_deletions(plan, node, composition)
    }
    kept = _state_kept(plan)
    return {**plan, "nodes": [_with_state(node, kept) if node["id"] in missing else node for node in plan["nodes"]]}


def option(composition: Composition, changes: Changes) -> tuple[str, str]:
    """Return the option of a Table API job that has the effect of `keeping_rows`, on all sinks that it upserts.

    Raises UserError if rows are only added to one of them: Flink would keep all of its rows, not one per key.
    """
    tables = [name for name in composition.keys if not name.startswith(TOPIC)]
    needed = [name for name in tables if UPDATE_BEFORE in changes[name]]
    if needed and (added := [name for name in composition.keys if changes[name] == _INSERTS]):
        what = f"rows of {needed[0]} are changed, and rows of {added[0]} only added"
        fix = f"write {added[0]} by a job of its own"
        raise UserError(what, composition.folder.place(added[0]), fix)
    return "table.exec.sink.upsert-materialize", "FORCE" if needed else "AUTO"


def ignored(plan: Mapping[str, Any], composition: Composition) -> list[int]:
    """Return the ids of the sinks that receive UPDATE_BEFORE and ignore it, because an UPDATE_AFTER follows."""
    return [
        node["id"]
        for node in _sinks(plan)
        if end_of(node) in composition.keys
        and not end_of(node).startswith(TOPIC)
        and UPDATE_BEFORE in node["inputChangelogMode"]
        and not node.get("requireUpsertMaterialize")
    ]


def _sinks(plan: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [node for node in plan["nodes"] if "dynamicTableSink" in node]


def _may_miss_deletions(plan: Mapping[str, Any], sink: Mapping[str, Any], composition: Composition) -> bool:
    """Return whether the sink may receive an UPDATE_BEFORE of a key that no UPDATE_AFTER of this key follows."""
    if UPDATE_BEFORE not in sink["inputChangelogMode"] or sink.get("requireUpsertMaterialize"):
        return False
    nodes, inputs = {node["id"]: node for node in plan["nodes"]}, inputs_of(plan)

    def pairs(id_: int) -> bool:
        kind = type_of(nodes[id_])
        passes = kind in PASSING and not nodes[id_].get("condition")
        return kind in _PAIRING or (passes and all(pairs(each) for each in inputs[id_]))

    # A row whose key can change while it is the same row for Flink leaves its first key.
    return not is_keyed_alike(sink, composition) or not all(pairs(each) for each in inputs[sink["id"]])


def is_keyed_alike(node: Mapping[str, Any], composition: Composition) -> bool:
    """Return whether the rows' key in Flink's plan is the key of the sink."""
    name = end_of(node)
    stored = node["dynamicTableSink"]["table"].get("resolvedTable")
    columns = [each["name"] for each in stored["schema"]["columns"]] if stored else [*composition.sinks[name].columns]
    return {columns[place] for place in node.get("inputUpsertKey") or []} == set(composition.keys[name])


def _state_kept(plan: Mapping[str, Any]) -> str:
    """Return how long the states of the plan keep an entry: it is one setting of the job."""
    return next((state["ttl"] for node in plan["nodes"] for state in node.get("state") or []), _NEVER)


def _with_state(node: Mapping[str, Any], kept: str) -> dict[str, Any]:
    """Return the sink's node as Flink writes it if it forces all sinks of a job to keep their rows."""
    return {
        **node,
        "requireUpsertMaterialize": True,
        "state": [{"index": 0, "ttl": kept, "name": _STATE}],
        "description": f"{node['description'].removesuffix(')')}, upsertMaterialize=[true])",
    }
