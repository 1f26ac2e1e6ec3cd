"""Flink's compiled plans: from a StatementSet to JSON, and from JSON to a running job."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from headrace.environment.java_errors import root_cause
from headrace.errors import PlatformError

_GRAPH = "== Physical Execution Plan ==\n"


def from_statements(statements) -> dict[str, Any]:  # type: ignore[no-untyped-def]
    """Return the compiled plan of a pyflink StatementSet. The options of its tables hold resolved secrets."""
    plan: dict[str, Any] = json.loads(statements._j_statement_set.compilePlan().asJsonString())
    return plan


def execute(environment, plan: Mapping[str, Any]):  # type: ignore[no-untyped-def]
    """Start the job of a compiled plan whose tables and functions `environment` knows, and return its TableResult.

    Raises PlatformError.
    """
    from py4j.protocol import Py4JJavaError  # noqa: PLC0415 - comes with PyFlink
    from pyflink.java_gateway import get_gateway  # noqa: PLC0415 - importing PyFlink costs a second
    from pyflink.table.table_result import TableResult  # noqa: PLC0415

    text = json.dumps({**plan, "nodes": [_with_sink_by_name(node) for node in plan["nodes"]]})
    reference = get_gateway().jvm.org.apache.flink.table.api.PlanReference.fromJsonString(text)
    # Passes the Python files to Flink, as StatementSet.execute() does.
    environment._before_execute()
    try:
        loaded = environment._j_tenv.loadPlan(reference)
    except Py4JJavaError as error:
        # The message begins with the whole plan, including its secrets: only the cause is shown.
        raise PlatformError(f"Flink cannot load its own plan: {root_cause(str(error))}") from None
    return TableResult(loaded.execute())


def _with_sink_by_name(node: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the node; a sink with a primary key is reduced to its identifier, so that Flink looks the table up.

    Iceberg generates a new name for the key at each lookup, and Flink would take the table for a different one.
    """
    sink = node.get("dynamicTableSink")
    if not sink or "primaryKey" not in sink["table"].get("resolvedTable", {}).get("schema", {}):
        return node
    looked_up = {"identifier": sink["table"]["identifier"]}
    return {**node, "dynamicTableSink": {**sink, "table": looked_up}}


def changelog_modes(statements) -> str:  # type: ignore[no-untyped-def]
    """Return Flink's text of a StatementSet's plan, with the kinds of changes that each operator emits."""
    from pyflink.table import ExplainDetail  # noqa: PLC0415 - importing PyFlink costs a second

    return str(statements.explain(ExplainDetail.CHANGELOG_MODE))


def operator_graph(statements) -> tuple[str, ...]:  # type: ignore[no-untyped-def]
    """Return one line per operator of a StatementSet's job: its number, its name and the numbers of its inputs.

    A job that passes through a DataStream has no compiled plan; these lines are compared instead.
    """
    from pyflink.table import ExplainDetail  # noqa: PLC0415 - importing PyFlink costs a second

    _, _, text = statements.explain(ExplainDetail.JSON_EXECUTION_PLAN).partition(_GRAPH)
    nodes = json.loads(text)["nodes"]
    numbers = {node["id"]: number for number, node in enumerate(nodes)}
    return tuple(
        f"{number} {_stable_name(node['type'])} of {[numbers[each['id']] for each in node.get('predecessors', [])]}"
        for number, node in enumerate(nodes)
    )


def _stable_name(kind: str) -> str:
    """Return an operator's name without the numbers that count everything this process has planned so far."""
    return re.sub(r"\[\d+\]|\$\d+", "", kind)
