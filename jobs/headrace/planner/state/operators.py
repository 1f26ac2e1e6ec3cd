"""The operators of a compiled plan, with names instead of Flink's ids and positions, so that plans can be compared."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import Any

from headrace.planner.state import descriptions, traits
from headrace.planner.state.traits import Traits
from headrace.project.job import TOPIC

_TYPE = re.compile(r"(?:stream|batch)-exec-(.*)_\d+")
_NOUNS = {
    "table-source-scan": "source",
    "watermark-assigner": "watermark",
    "python-calc": "Python functions",
    "calc": "selection",
    "global-window-aggregate": "window aggregate",
    "local-window-aggregate": "window aggregate, before the shuffle",
    "global-group-aggregate": "aggregate",
    "group-aggregate": "aggregate",
    "local-group-aggregate": "aggregate, before the shuffle",
    "over-aggregate": "running aggregate",
    "interval-join": "join within a time",
    "temporal-join": "as-of join",
    "deduplicate": "deduplication",
    "rank": "ranking",
    "correlate": "unnesting",
    "exchange": "shuffle",
}
_NAMED = 3
_FOLLOWS = re.compile(r"exchange|local-.*")


@dataclass(frozen=True)
class Operator:
    """An operator of a plan. `id` is Flink's, by position in the plan; `node` is its part of Flink's JSON.

    `feeds` are the job's sinks that its rows reach; `to_all`: these are all sinks of the job.
    """

    id: int
    inputs: tuple[int, ...]
    type: str
    traits: Traits
    feeds: frozenset[str]
    to_all: bool
    node: Mapping[str, Any]

    @property
    def noun(self) -> str:
        """The kind of operator, in an analyst's words."""
        return _NOUNS.get(self.type, self.type.replace("-", " "))

    @property
    def follows(self) -> bool:
        """Whether another operator determines it, as for a shuffle: its changes are not worth reporting."""
        return bool(_FOLLOWS.fullmatch(self.type))

    def __str__(self) -> str:
        if end := self.traits.get("of"):
            return f"{self.noun} {end}"
        by = self.traits.get("by")
        group = f" by {_listed(by)}" if isinstance(by, list) and by else ""
        return f"{self.noun}{group}" + ("" if self.to_all else f" for {_listed(sorted(self.feeds))}")


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def operators(plan: Mapping[str, Any]) -> list[Operator]:
    """Return the operators of a compiled plan's JSON, in its order."""
    nodes = {node["id"]: node for node in plan["nodes"]}
    inputs = inputs_of(plan)
    feeds = _feeds(nodes, inputs)
    sinks = {sink for fed in feeds.values() for sink in fed}
    operator_traits: dict[int, Traits] = {}
    expressions: dict[int, Mapping[str, str]] = {}
    for id_ in TopologicalSorter(inputs).static_order():
        known = {name: text for each in inputs[id_] for name, text in expressions[each].items()}
        rows = [descriptions.row(nodes[each]["outputType"]) for each in inputs[id_]]
        operator_traits[id_], expressions[id_] = traits.read(nodes[id_], rows, known)
        if end := end_of(nodes[id_]):
            operator_traits[id_] = {"of": end, **operator_traits[id_]}
    return [
        Operator(id_, tuple(inputs[id_]), type_of(node), operator_traits[id_], feeds[id_], feeds[id_] == sinks, node)
        for id_, node in nodes.items()
    ]


def sinks(plan: Mapping[str, Any]) -> frozenset[str]:
    """Return the names of the tables that a compiled plan writes, and of its topics as topic/<topic>."""
    return frozenset(end_of(node) for node in plan["nodes"] if "dynamicTableSink" in node)


def inputs_of(plan: Mapping[str, Any]) -> dict[int, list[int]]:
    """Return the ids of the operators whose rows each operator of a compiled plan receives, by its id."""
    inputs: dict[int, list[int]] = {node["id"]: [] for node in plan["nodes"]}
    for edge in plan["edges"]:
        inputs[edge["target"]].append(edge["source"])
    return inputs


def type_of(node: Mapping[str, Any]) -> str:
    """Return the type of an operator, like group-aggregate, from its part of Flink's JSON."""
    match = _TYPE.fullmatch(node["type"])
    return match[1] if match else str(node["type"])


def _feeds(nodes: Mapping[int, Any], inputs: Mapping[int, Sequence[int]]) -> dict[int, frozenset[str]]:
    feeds = {id_: frozenset({end_of(node)} if "dynamicTableSink" in node else ()) for id_, node in nodes.items()}
    for id_ in reversed([*TopologicalSorter(inputs).static_order()]):
        for each in inputs[id_]:
            feeds[each] |= feeds[id_]
    return feeds


def end_of(node: Mapping[str, Any]) -> str:
    """Return the job's name for a source or a sink: a contract, a table, topic/<topic>; "" for other operators."""
    end = node.get("scanTableSource") or node.get("dynamicTableSink")
    if not end:
        return ""
    catalog, *names = re.findall(r"`((?:[^`]|``)+)`", end["table"]["identifier"])
    if catalog != "default_catalog":
        return ".".join(names)
    name: str = names[-1]
    return TOPIC + name.removesuffix("__topic") if name.endswith("__topic") else name.rpartition("__")[0]
