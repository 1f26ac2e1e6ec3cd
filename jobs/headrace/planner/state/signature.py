"""Signatures of operators' state. An operator can continue from the state of another with the same signature."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from headrace.planner.state import descriptions
from headrace.planner.state.operators import Operator

STATELESS = frozenset({
    "calc",
    "constraint-enforcer",
    "correlate",
    "drop-update-before",
    "exchange",
    "expand",
    "local-group-aggregate",
    "local-window-aggregate",
    "mini-batch-assigner",
    "python-calc",
    "python-correlate",
    "union",
    "values",
    "watermark-assigner",
})  # fmt: skip
SOURCE, SINK = "table-source-scan", "sink"
AGGREGATES = frozenset({"global-group-aggregate", "group-aggregate"})
_WINDOW_AGGREGATES = frozenset({"global-window-aggregate", "group-window-aggregate", "window-aggregate"})
_WINDOWING = "window-table-function"
WINDOWS = _WINDOW_AGGREGATES | {_WINDOWING}
_OF_ACCUMULATORS = AGGREGATES | _WINDOW_AGGREGATES
_OF_ROWS = frozenset({
    "changelog-normalize",
    "deduplicate",
    "delta-join",
    "interval-join",
    "join",
    "limit",
    "match",
    "multi-join",
    "over-aggregate",
    "rank",
    "sort",
    "sort-limit",
    "temporal-join",
    "temporal-sort",
    "window-deduplicate",
    "window-join",
    "window-rank",
    _WINDOWING,
})  # fmt: skip
# Positions, what does not affect the state, and what is compared elsewhere.
_LEFT_OUT = frozenset({"id", "description", "inputProperties", "state", "outputType"})
# A rank keeps the same rows, whether it retracts one that is replaced or not.
_LEFT_OUT_OF_RANKS = _LEFT_OUT | {"generateUpdateBefore"}
_POSITIONS = frozenset({"timeAttributeIndex", "sliceEnd", "windowStart", "windowEnd"})
# An aligned window is assigned from the row alone.
_KEEPS_NOTHING = ("TumblingWindow", "HoppingWindow", "CumulativeWindow")


def known(operator: Operator) -> bool:
    """Return whether it is known what state an operator of this type keeps."""
    return operator.type in STATELESS | _OF_ACCUMULATORS | _OF_ROWS | {SOURCE, SINK}


def stateful(operator: Operator) -> bool:
    """Return whether the operator keeps something between records; an operator of unknown type is assumed to."""
    if operator.type == _WINDOWING:
        return operator.node["windowing"]["window"]["type"] not in _KEEPS_NOTHING
    return operator.type not in STATELESS


def keeps_rows(operator: Operator) -> bool:
    """Return whether the operator is a sink for which Flink keeps the row of each key."""
    return operator.type == SINK and bool(operator.node.get("requireUpsertMaterialize"))


def signature(operator: Operator, inputs: list[Operator], topics: Mapping[str, str]) -> str:
    """Return a text that is equal for two operators if each can read the state of the other with the same meaning.

    `topics` has the identity of the topic that each source's offsets belong to, by the source's name.
    """
    end = operator.traits.get("of")
    if operator.type == SOURCE:
        return _text("source", topics.get(str(end), end))
    if operator.type == SINK:
        return _text("sink", end, _materialized(operator, inputs))
    node = operator.node
    rows = [descriptions.row(each.node["outputType"]) for each in inputs]
    if operator.type in _OF_ACCUMULATORS:
        names = list(rows[0].items())
        return _text(
            node["type"],
            [names[place] for place in node["grouping"]],
            _aggregates(operator),
            [call["type"] for call in node["aggCalls"]],
            _without(node.get("windowing"), _POSITIONS),
            node.get("needRetraction"),
            [kind for _, kind in names] if operator.type.startswith("global-") else None,
            _expires(node),
        )
    if operator.type == "over-aggregate" and _of_all_before(node):
        names = list(rows[0].items())
        spec = node["overSpec"]
        return _text(
            node["type"],
            [names[place] for place in spec["partition"]["fields"]],
            _running(operator),
            [call["type"] for group in spec["groups"] for call in group["aggCalls"]],
        )
    # Other operators keep whole rows, by the positions of their columns.
    left_out = _LEFT_OUT_OF_RANKS if operator.type == "rank" else _LEFT_OUT
    return _text(_without(node, left_out), [list(row.items()) for row in rows], _expires(node))


def _running(operator: Operator) -> list[str]:
    """Return the expressions of a running aggregate, in their order."""
    columns = operator.traits.get("columns", {})
    return [text for text in columns if "(" in text]


def _of_all_before(node: Mapping[str, Any]) -> bool:
    """Return whether a running aggregate is of all rows before each, as they come: it keeps its results, no rows."""
    fields = node["outputType"]["fields"] if isinstance(node["outputType"], Mapping) else []
    return bool(fields) and all(
        group["lowerBound"]["kind"] == "UNBOUNDED_PRECEDING"
        and group["upperBound"]["kind"] == "CURRENT_ROW"
        and _is_processing_time(fields[group["orderBy"]["fields"][0]["index"]]["fieldType"])
        for group in node["overSpec"]["groups"]
    )


def _is_processing_time(type_: Any) -> bool:
    return isinstance(type_, Mapping) and type_.get("kind") == "PROCTIME"


def _expires(node: Mapping[str, Any]) -> list[bool]:
    """Return whether entries expire, for each state of a node: Flink stores a time with every entry, or with none."""
    return [state["ttl"] != "0 ms" for state in node.get("state", [])]


def _aggregates(operator: Operator) -> list[str]:
    """Return the aggregated expressions, without the names of their columns."""
    aggregates = operator.traits.get("aggregates", {})
    if not isinstance(aggregates, dict):
        return []
    return [name if "(" in name else text for name, text in aggregates.items()]


def _materialized(operator: Operator, inputs: list[Operator]) -> Any:
    """Return the shape of the rows that Flink keeps before an upsert sink; None if it keeps none."""
    if not keeps_rows(operator):
        return None
    rows = [list(descriptions.row(each.node["outputType"]).items()) for each in inputs]
    return [operator.node.get("inputUpsertKey"), rows]


def _without(value: Any, names: frozenset[str]) -> Any:
    if not isinstance(value, Mapping):
        return value
    return {key: inner for key, inner in value.items() if key not in names}


def _text(*parts: Any) -> str:
    return json.dumps(parts, sort_keys=True)
