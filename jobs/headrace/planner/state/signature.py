"""What the state of an operator is made of: where two are the same, one can go on from the other's."""

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
# By position, of no matter to the state, or told apart elsewhere.
_LEFT_OUT = frozenset({"id", "description", "inputProperties", "state", "outputType"})
_POSITIONS = frozenset({"timeAttributeIndex", "sliceEnd", "windowStart", "windowEnd"})
# An aligned window is assigned from the row alone.
_KEEPS_NOTHING = ("TumblingWindow", "HoppingWindow", "CumulativeWindow")


def known(operator: Operator) -> bool:
    """Whether it is known what an operator of this type keeps."""
    return operator.type in STATELESS | _OF_ACCUMULATORS | _OF_ROWS | {SOURCE, SINK}


def stateful(operator: Operator) -> bool:
    """Whether the operator keeps something from one record to the next; one of an unknown type is taken to."""
    if operator.type == _WINDOWING:
        return operator.node["windowing"]["window"]["type"] not in _KEEPS_NOTHING
    return operator.type not in STATELESS


def signature(operator: Operator, inputs: list[Operator], topics: Mapping[str, str]) -> str:
    """The same text for two operators of which each can read the state of the other, and means the same by it.

    `topics` says what the offsets of a source of the job are of.
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
            _let_go(node),
        )
    # It keeps rows whole, by the positions of their columns.
    return _text(_without(node, _LEFT_OUT), [list(row.items()) for row in rows], _let_go(node))


def _let_go(node: Mapping[str, Any]) -> list[bool]:
    """Of each of its states, whether it is let go after a time: Flink keeps the time with each entry, or with none."""
    return [state["ttl"] != "0 ms" for state in node.get("state", [])]


def _aggregates(operator: Operator) -> list[str]:
    """What is aggregated, less the names that it is given."""
    told = operator.traits.get("aggregates", {})
    return [name if "(" in name else text for name, text in told.items()] if isinstance(told, dict) else []


def _materialized(operator: Operator, inputs: list[Operator]) -> Any:
    """The rows that Flink keeps before a sink by key, where it keeps any."""
    node = operator.node
    if not node.get("requireUpsertMaterialize"):
        return None
    return [node.get("inputUpsertKey"), [list(descriptions.row(each.node["outputType"]).items()) for each in inputs]]


def _without(value: Any, names: frozenset[str]) -> Any:
    if not isinstance(value, Mapping):
        return value
    return {key: inner for key, inner in value.items() if key not in names}


def _text(*parts: Any) -> str:
    return json.dumps(parts, sort_keys=True)
