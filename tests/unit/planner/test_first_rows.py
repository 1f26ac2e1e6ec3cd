"""Ranks whose rows Flink takes for final are corrected, or the job is refused."""

from __future__ import annotations

from typing import Any

import pytest

from headrace.compose.connectors import LiveConnectors
from headrace.compose.job_statements import Composition, compose
from headrace.environment import settings
from headrace.errors import UserError
from headrace.planner import changelog, first_rows
from headrace.project import job_folder
from headrace.project.paths import Project
from support import ROOT

BY_TWO = [{"index": 1, "isAscending": False}, {"index": 2, "isAscending": False}]
ASCENDING = [{"index": 1, "isAscending": True}]
DESCENDING = [{"index": 1, "isAscending": False}]
RETRACTED = ["INSERT", "UPDATE_BEFORE", "UPDATE_AFTER"]


def composed(name: str) -> Composition:
    project = Project.find(ROOT)
    loaded = settings.load(project, "local")
    return compose(project, loaded, job_folder.load(project, name), LiveConnectors(loaded))


TWIN = composed("historian/twin_v1")


def node(kind: str, **more: Any) -> dict[str, Any]:
    row = "ROW<`tag` VARCHAR(2147483647)>"
    return {"type": f"stream-exec-{kind}_1", "description": "It()", "outputType": row, **more}


def rank(order: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    known = {
        "rankType": "ROW_NUMBER",
        "rankRange": {"type": "Constant", "start": 1, "end": 1},
        "orderBy": {"fields": order},
    }
    strategy = {"rankStrategy": {"type": "AppendFast"}, "outputRowNumber": False, "generateUpdateBefore": False}
    return node("rank", **known, **strategy, **more)


def sink(table: str = "historian`.`twin", key: int = 0) -> dict[str, Any]:
    target = {"table": {"identifier": f"`headrace`.`{table}`"}}
    return node("sink", dynamicTableSink=target, inputChangelogMode=["INSERT"], inputUpsertKey=[key])


def corrected(*nodes: dict[str, Any], composition: Composition = TWIN) -> list[dict[str, Any]]:
    """Return the nodes of a plan in which each receives the rows of the one before it, corrected."""
    numbered = [{"id": number, **each} for number, each in enumerate(nodes, 1)]
    edges = [{"source": n, "target": n + 1} for n in range(1, len(nodes))]
    kept: list[dict[str, Any]] = first_rows.corrected({"nodes": numbered, "edges": edges}, composition)["nodes"]
    return kept


FILTER = node("calc", condition={"kind": "CALL"})


@pytest.mark.parametrize("order", [BY_TWO, ASCENDING])
@pytest.mark.parametrize("rest", [[FILTER, sink()], [node("exchange"), sink(key=1)]], ids=["filter", "other key"])
def test_a_row_that_is_replaced_is_retracted_where_the_new_one_may_not_replace_it(
    order: list[dict[str, Any]], rest: list[dict[str, Any]]
) -> None:
    first, *_, last = corrected(rank(order), *rest)
    assert first["generateUpdateBefore"]
    assert last["inputChangelogMode"] == RETRACTED


def test_a_plan_in_which_each_row_replaces_another_is_unchanged() -> None:
    first, last = corrected(rank(BY_TWO), sink())
    assert not first["generateUpdateBefore"]
    assert last["inputChangelogMode"] == ["INSERT"]


def test_a_rank_that_flink_plans_right_is_unchanged() -> None:
    first, _, last = corrected(rank(DESCENDING), FILTER, sink())
    assert not first["generateUpdateBefore"]
    assert last["inputChangelogMode"] == ["INSERT"]


def test_rows_that_replace_others_are_not_appended() -> None:
    job = composed("condition/overheat_v1")
    plan = {"nodes": corrected(rank(BY_TWO), sink("condition`.`overheats"), composition=job)}
    (problem,) = changelog.problems(job, changelog.of_plan(plan))
    assert problem.what == "the job retracts rows of condition.overheats, but condition.overheats is append-only"


@pytest.mark.parametrize("kind", ["group-aggregate", "join", "union"])
def test_an_operator_that_would_count_a_replaced_row_is_refused(kind: str) -> None:
    with pytest.raises(UserError) as raised:
        corrected(rank(BY_TWO), node(kind), sink())
    (problem,) = raised.value.problems
    assert "row_number() = 1, whose rows Flink does not retract" in problem.what
    assert str(problem.where).endswith("historian.twin.sql.j2")
    assert problem.fix == "order them by one column, descending, like `order by ts desc`"
