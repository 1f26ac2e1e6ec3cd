"""A running aggregate over all rows before, as they come, keeps its results alone: other columns may come and go."""

from __future__ import annotations

from typing import Any

import pytest

from headrace.planner.state.operators import operators
from headrace.planner.state.signature import signature

PROCESSING = {"type": "TIMESTAMP_WITH_LOCAL_TIME_ZONE", "nullable": False, "precision": 3, "kind": "PROCTIME"}
TEXT = "VARCHAR(2147483647)"


def of(
    columns: list[str],
    by: str = "alias",
    learned: str = "tag",
    time: Any = PROCESSING,
    lower: str = "UNBOUNDED_PRECEDING",
) -> str:
    """Return the signature of LAST_VALUE(learned) over the rows of `by`, in a plan with these columns."""
    fields = [{"name": name, "fieldType": TEXT} for name in columns] + [{"name": "seen", "fieldType": time}]
    row = {"type": "ROW", "fields": fields}
    call = {"name": "w0$o0", "internalName": "$LAST_VALUE$1", "argList": [columns.index(learned)], "type": TEXT}
    group = {
        "orderBy": {"fields": [{"index": len(columns), "isAscending": True, "nullIsLast": False}]},
        "isRows": True,
        "lowerBound": {"kind": lower},
        "upperBound": {"kind": "CURRENT_ROW"},
        "aggCalls": [call],
    }
    select = ", ".join([*columns, "seen", f"LAST_VALUE({learned}) AS w0$o0"])
    nodes = [
        {"id": 1, "type": "stream-exec-calc_1", "outputType": row, "description": "Calc(select=[])"},
        {
            "id": 2,
            "type": "stream-exec-over-aggregate_1",
            "overSpec": {"partition": {"fields": [columns.index(by)]}, "groups": [group], "constants": []},
            "outputType": {"type": "ROW", "fields": [*fields, {"name": "w0$o0", "fieldType": TEXT}]},
            "description": f"OverAggregate(partitionBy=[{by}], orderBy=[seen ASC], select=[{select}])",
        },
    ]
    calc, over = operators({"nodes": nodes, "edges": [{"source": 1, "target": 2}]})
    return signature(over, [calc], {})


def test_other_columns_come_and_go() -> None:
    assert of(["node", "alias", "tag"]) == of(["tag", "quality", "node", "unit", "alias"])


@pytest.mark.parametrize("change", [{"by": "node"}, {"learned": "node"}])
def test_another_id_or_another_result_is_another_state(change: dict[str, str]) -> None:
    assert of(["node", "alias", "tag"]) != of(["node", "alias", "tag"], **change)


@pytest.mark.parametrize("change", [{"time": "TIMESTAMP(3) *ROWTIME*"}, {"lower": "OFFSET"}])
def test_one_that_keeps_rows_depends_on_all_columns(change: dict[str, Any]) -> None:
    assert of(["node", "alias", "tag"], **change) != of(["node", "alias", "tag", "unit"], **change)
