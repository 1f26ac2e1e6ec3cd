"""Traits of the operators of a compiled plan: what each does, by trait name, with columns by name, not by position."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from headrace.planner.state import descriptions

Traits = dict[str, str | list[str] | dict[str, str]]
"""By trait name: a text, a list of texts, or texts by column."""

_GENERATED = re.compile(r"f\d+|\$f?\d+|EXPR\$\d+|w\d+\$o\d+")
_WITHIN = re.compile(r"(?<![\w$'`.])(f\d+|\$f?\d+|EXPR\$\d+|w\d+\$o\d+)(?![\w$'`(])")
_INTERNAL = re.compile(r"\$(.+)\$\d+")
_SIZES = ("size", "max_size", "slide", "step", "gap", "offset")
_BY = ("groupBy", "partitionBy", "key")
_PUSHED_DOWN = ("project", "filter", "watermark", "limit")
# Positions, attributes that another trait covers, and attributes of the operator before or after.
_LEFT_OUT = (
    "table", "targetColumns", "windowBounds", "distribution", "union", "all", "outputInsertOnly", "rowType", "correlate"
)  # fmt: skip
_NAMES = {
    "joinType": "type",
    "orderBy": "order",
    "hints": "options",
    "leftInputSpec": "left key",
    "rightInputSpec": "right key",
    "upsertMaterialize": "keeps rows by key",
}


def read(
    node: Mapping[str, Any], rows: list[dict[str, str]], known: Mapping[str, str]
) -> tuple[Traits, Mapping[str, str]]:
    """Return the traits of a node whose inputs have the columns `rows`, and the expressions behind generated names.

    `known` has the expressions behind generated names in the inputs.
    """
    attributes = descriptions.attributes(node["description"])
    outputs = descriptions.row(node["outputType"])
    # The second half of an aggregate, after a shuffle, refers to the inputs of the first half.
    on_the_way = re.search("-local-|-exchange_", node["type"])
    passed = {name: text for name, text in known.items() if on_the_way or name in outputs}
    result: Traits = {}
    for name, value in attributes.items():
        if name == "window":
            result |= _window(value)
        elif name in _BY:
            result["by"] = [_expanded(each, known) for each in descriptions.items(value)]
        elif name == "where":
            result["conditions"] = [_expanded(each, known) for each in descriptions.conjuncts(value)]
        elif name not in (*_LEFT_OUT, "select", "fields"):
            result[_NAMES.get(name, name)] = _expanded(value, known)
    if node.get("aggCalls"):
        aggregates = dict(_aggregates(node, outputs, rows, known))
        result["aggregates"] = dict(
            (text, outputs.get(name, "")) if _is_generated(name) else (name, text) for name, text in aggregates.items()
        )
        return result | _state(node), passed | {name: text for name, text in aggregates.items() if _is_generated(name)}
    columns, own = _columns(attributes, outputs, known)
    pushed = _pushed_down(attributes)
    return {**result, **pushed, **_state(node), **({"columns": columns} if columns else {})}, passed | own


def _columns(
    attributes: Mapping[str, str], outputs: Mapping[str, str], known: Mapping[str, str]
) -> tuple[dict[str, str], dict[str, str]]:
    """Return a node's output columns with their expressions, and the expressions behind generated names."""
    texts = descriptions.items(attributes.get("select") or attributes.get("fields", ""))
    columns, own = {}, {}
    for text, type_ in zip(texts, outputs.values(), strict=False):
        expression, name = descriptions.alias(text)
        expression = _expanded(expression, known)
        if _is_generated(name):
            own[name] = expression
            columns[expression] = type_
        else:
            columns[name] = expression if expression != name or "fields" not in attributes else type_
    return columns, own


def _aggregates(
    node: Mapping[str, Any], outputs: Mapping[str, str], rows: list[dict[str, str]], known: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    """Yield the name and text of each aggregate. The second half of a split one refers to inputs of the first half."""
    first = node.get("localAggInputRowType")
    names = list(descriptions.row(first) if first else rows[0])
    results = list(outputs)[len(node["grouping"]) :]
    for place, call in enumerate(node["aggCalls"]):
        function = call.get("internalName") or call.get("systemName") or call.get("catalogName", "")
        arguments = ", ".join(_expanded(names[each], known) for each in call["argList"]) or "*"
        distinct = "DISTINCT " if call["distinct"] else ""
        which = f" FILTER {_expanded(names[call['filterArg']], known)}" if call["filterArg"] >= 0 else ""
        text = _INTERNAL.sub(r"\1", function) + f"({distinct}{arguments}){which}"
        # The first half returns its accumulators, in columns of its own.
        yield (call["name"] or text) if "-local-" in node["type"] else results[place], text


def _window(text: str) -> Traits:
    """Split TUMBLE(time_col=[event_time], size=[1 h]) into window and window size; a frame of rows stays whole."""
    parts = descriptions.attributes(text)
    if not parts:
        return {"window": text}
    sizes = {f"window {name}": value for name, value in parts.items() if name in _SIZES}
    return {"window": text.partition("(")[0], **sizes}


def _pushed_down(attributes: Mapping[str, str]) -> Traits:
    """Return what a source does itself before it emits a row."""
    parts = descriptions.attributes(f"({attributes.get('table', '')[1:-1]})")
    return {name: descriptions.items(value) for name, value in parts.items() if name in _PUSHED_DOWN}


def _state(node: Mapping[str, Any]) -> Traits:
    """Return how long the node keeps its state, and the changes that it takes: neither is in its description."""
    result: Traits = {}
    if ttls := sorted({state["ttl"] for state in node.get("state", [])}):
        result["state kept"] = ["indefinitely" if ttl == "0 ms" else ttl for ttl in ttls]
    if "inputChangelogMode" in node:
        result["takes"] = [kind.lower().replace("_", " ") for kind in node["inputChangelogMode"]]
    return result


def _is_generated(name: str) -> bool:
    return bool(_GENERATED.fullmatch(name))


def _expanded(text: str, known: Mapping[str, str]) -> str:
    """Replace Flink's generated names in `text` with the expressions behind them."""
    return _WITHIN.sub(lambda match: known.get(match[1], match[1]), text)
