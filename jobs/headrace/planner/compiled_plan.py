"""Plans that Flink has compiled: out of a StatementSet as JSON, and back into a job."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from headrace.environment.java_errors import root_cause
from headrace.errors import PlatformError

_GRAPH = "== Physical Execution Plan ==\n"


def from_statements(statements) -> dict[str, Any]:  # type: ignore[no-untyped-def]
    """The compiled plan of a pyflink StatementSet. In its tables' options are secrets, resolved."""
    made: dict[str, Any] = json.loads(statements._j_statement_set.compilePlan().asJsonString())
    return made


def execute(environment, plan: Mapping[str, Any]) -> None:  # type: ignore[no-untyped-def]
    """Start the job of a compiled plan, whose tables and functions `environment` knows. Raises PlatformError."""
    from py4j.protocol import Py4JJavaError  # noqa: PLC0415 - comes with PyFlink
    from pyflink.java_gateway import get_gateway  # noqa: PLC0415 - importing PyFlink costs a second

    text = json.dumps({**plan, "nodes": [_by_name(node) for node in plan["nodes"]]})
    reference = get_gateway().jvm.org.apache.flink.table.api.PlanReference.fromJsonString(text)
    # Hands Flink the Python files, as StatementSet.execute() does.
    environment._before_execute()
    try:
        loaded = environment._j_tenv.loadPlan(reference)
    except Py4JJavaError as error:
        # What Flink says first is the whole plan, secrets and all.
        raise PlatformError(f"Flink does not take its own plan back: {root_cause(str(error))}") from None
    loaded.execute()


def _by_name(node: Mapping[str, Any]) -> Mapping[str, Any]:
    """The node, its sink looked up where it has a key: Iceberg names a key otherwise each time that it is asked, and
    Flink would take the table for another one.
    """
    sink = node.get("dynamicTableSink")
    if not sink or "primaryKey" not in sink["table"].get("resolvedTable", {}).get("schema", {}):
        return node
    looked_up = {"identifier": sink["table"]["identifier"]}
    return {**node, "dynamicTableSink": {**sink, "table": looked_up}}


def operator_graph(statements) -> tuple[str, ...]:  # type: ignore[no-untyped-def]
    """Each operator of a StatementSet's job, with its inputs: for what passes through a DataStream there is no plan."""
    from pyflink.table import ExplainDetail  # noqa: PLC0415 - importing PyFlink costs a second

    _, _, text = statements.explain(ExplainDetail.JSON_EXECUTION_PLAN).partition(_GRAPH)
    nodes = json.loads(text)["nodes"]
    numbers = {node["id"]: number for number, node in enumerate(nodes)}
    return tuple(
        f"{number} {_named(node['type'])} of {[numbers[each['id']] for each in node.get('predecessors', [])]}"
        for number, node in enumerate(nodes)
    )


def _named(kind: str) -> str:
    """An operator's name, less the numbers that Flink gives by the place among all that this process has planned."""
    return re.sub(r"\[\d+\]|\$\d+", "", kind)
