"""What an operator of a compiled plan does, as traits by their names; columns by name, not by position."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from headrace.planner.state import descriptions

Traits = dict[str, str | list[str] | dict[str, str]]
"""A text, a list of texts, or texts by the name of a column."""

_GENERATED = re.compile(r"f\d+|\$f?\d+|EXPR\$\d+|w\d+\$o\d+")
_WITHIN = re.compile(r"(?<![\w$'`.])(f\d+|\$f?\d+|EXPR\$\d+|w\d+\$o\d+)(?![\w$'`(])")
_INTERNAL = re.compile(r"\$(.+)\$\d+")
_SIZES = ("size", "max_size", "slide", "step", "gap", "offset")
_BY = ("groupBy", "partitionBy", "key")
_PUSHED_DOWN = ("project", "filter", "watermark", "limit")
# Positions, what another trait says already, and what is told of the operator before or after.
_LEFT_OUT = (
    "table", "targetColumns", "windowBounds", "distribution", "union", "all", "outputInsertOnly", "rowType", "correlate"
)  # fmt: skip
_NAMES = {
    "joinType": "type",
    "orderBy": "order",
    "hints": "options",
    "leftInputSpec": "left key",
    "rightInputSpec": "right key",
}


def read(
    node: Mapping[str, Any], rows: list[dict[str, str]], known: Mapping[str, str]
) -> tuple[Traits, Mapping[str, str]]:
    """The traits of a node whose inputs have the columns `rows`, and what stands behind the names that Flink made up.

    `known` is the latter of the inputs.
    """
    told = descriptions.attributes(node["description"])
    given = descriptions.row(node["outputType"])
    # The second half of an aggregate, behind a shuffle, says what the first half was given.
    on_the_way = re.search("-local-|-exchange_", node["type"])
    passed = {name: text for name, text in known.items() if on_the_way or name in given}
    made: Traits = {}
    for name, value in told.items():
        if name == "window":
            made |= _window(value)
        elif name in _BY:
            made["by"] = [_expanded(each, known) for each in descriptions.items(value)]
        elif name == "where":
            made["conditions"] = [_expanded(each, known) for each in descriptions.conjuncts(value)]
        elif name not in (*_LEFT_OUT, "select", "fields"):
            made[_NAMES.get(name, name)] = _expanded(value, known)
    if node.get("aggCalls"):
        aggregates = dict(_aggregates(node, given, rows, known))
        made["aggregates"] = dict(
            (text, given.get(name, "")) if _made_up(name) else (name, text) for name, text in aggregates.items()
        )
        return made | _kept(node), passed | {name: text for name, text in aggregates.items() if _made_up(name)}
    columns, own = _columns(told, given, known)
    return {**made, **_pushed_down(told), **_kept(node), **({"columns": columns} if columns else {})}, passed | own


def _columns(
    told: Mapping[str, str], given: Mapping[str, str], known: Mapping[str, str]
) -> tuple[dict[str, str], dict[str, str]]:
    """The columns that a node gives, what each is made of, and the expressions under made-up names among them."""
    texts = descriptions.items(told.get("select") or told.get("fields", ""))
    columns, own = {}, {}
    for text, type_ in zip(texts, given.values(), strict=False):
        expression, name = descriptions.alias(text)
        expression = _expanded(expression, known)
        if _made_up(name):
            own[name] = expression
            columns[expression] = type_
        else:
            columns[name] = expression if expression != name or "fields" not in told else type_
    return columns, own


def _aggregates(
    node: Mapping[str, Any], given: Mapping[str, str], rows: list[dict[str, str]], known: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    """Each aggregate by its name. The second half of one that is parted says what the first half was given."""
    first = node.get("localAggInputRowType")
    names = list(descriptions.row(first) if first else rows[0])
    results = list(given)[len(node["grouping"]) :]
    for place, call in enumerate(node["aggCalls"]):
        function = call.get("internalName") or call.get("systemName") or call.get("catalogName", "")
        arguments = ", ".join(_expanded(names[each], known) for each in call["argList"]) or "*"
        distinct = "DISTINCT " if call["distinct"] else ""
        which = f" FILTER {_expanded(names[call['filterArg']], known)}" if call["filterArg"] >= 0 else ""
        text = _INTERNAL.sub(r"\1", function) + f"({distinct}{arguments}){which}"
        # The first half gives what it has gathered so far, in columns of its own.
        yield (call["name"] or text) if "-local-" in node["type"] else results[place], text


def _window(text: str) -> Traits:
    """TUMBLE(time_col=[event_time], size=[1 h]) as window and window size; a frame of rows as it is."""
    parts = descriptions.attributes(text)
    if not parts:
        return {"window": text}
    sizes = {f"window {name}": value for name, value in parts.items() if name in _SIZES}
    return {"window": text.partition("(")[0], **sizes}


def _pushed_down(told: Mapping[str, str]) -> Traits:
    """What a source does itself before it hands on a row."""
    parts = descriptions.attributes(f"({told.get('table', '')[1:-1]})")
    return {name: descriptions.items(value) for name, value in parts.items() if name in _PUSHED_DOWN}


def _kept(node: Mapping[str, Any]) -> Traits:
    """How long its state is kept, and what else its description leaves out."""
    made: Traits = {}
    if ttls := sorted({state["ttl"] for state in node.get("state", [])}):
        made["state kept"] = ["for ever" if ttl == "0 ms" else ttl for ttl in ttls]
    if "inputChangelogMode" in node:
        made["takes"] = [kind.lower().replace("_", " ") for kind in node["inputChangelogMode"]]
    return made


def _made_up(name: str) -> bool:
    return bool(_GENERATED.fullmatch(name))


def _expanded(text: str, known: Mapping[str, str]) -> str:
    """`text` with what stands behind Flink's made-up names in place of them."""
    return _WITHIN.sub(lambda found: known.get(found[1], found[1]), text)
