"""Which sinks of a plan receive their rows from a state by key, and which jobs are refused."""

from __future__ import annotations

from typing import Any

import pytest

from headrace.compose.connectors import LiveConnectors
from headrace.compose.job_statements import Composition, compose
from headrace.environment import settings
from headrace.planner import changelog
from headrace.project import job_folder
from headrace.project.paths import Project
from support import ROOT

ALL = ["INSERT", "UPDATE_BEFORE", "UPDATE_AFTER", "DELETE"]
TWIN, OVERHEAT = "historian.twin", "topic/overheat_alerts"
STATE = [{"index": 0, "ttl": "7 d", "name": "groupAggregateState"}]


def composed(name: str) -> Composition:
    project = Project.find(ROOT)
    loaded = settings.load(project, "local")
    return compose(project, loaded, job_folder.load(project, name), LiveConnectors(loaded))


def chain(*nodes: dict[str, Any]) -> dict[str, Any]:
    """Return a plan in which each node receives the rows of the one before it."""
    numbered = [{"id": number, "description": "It()", **node} for number, node in enumerate(nodes, 1)]
    return {"nodes": numbered, "edges": [{"source": n, "target": n + 1} for n in range(1, len(nodes))]}


def node(kind: str, **more: Any) -> dict[str, Any]:
    return {"type": f"stream-exec-{kind}_1", **more}


def sink(key: list[int] | None, changes: list[str] = ALL, **more: Any) -> dict[str, Any]:
    columns = [{"name": name} for name in composed("historian/twin_v1").sinks[TWIN].columns]
    table = {"identifier": "`headrace`.`historian`.`twin`", "resolvedTable": {"schema": {"columns": columns}}}
    known = {"inputUpsertKey": key} if key else {}
    return node("sink", dynamicTableSink={"table": table}, inputChangelogMode=changes, **known, **more)


AGGREGATE = node("group-aggregate", state=STATE)
FILTER = node("calc", condition={"kind": "CALL"})
PROJECTION = node("calc", condition=None)


def keeps(*nodes: dict[str, Any]) -> bool:
    """Return whether the plan's sink, its last node, receives its rows from a state by key."""
    kept = changelog.keeping_rows(chain(*nodes), composed("historian/twin_v1"))
    return bool(kept["nodes"][-1].get("requireUpsertMaterialize"))


@pytest.mark.parametrize("kind", ["group-aggregate", "global-group-aggregate", "deduplicate", "rank"])
def test_rows_that_are_changed_and_never_dropped_are_not_kept_again(kind: str) -> None:
    assert not keeps(node(kind), node("exchange"), PROJECTION, sink([0]))


@pytest.mark.parametrize(
    "kind", ["join", "temporal-join", "correlate", "union", "limit", "over-aggregate", "unheard-of"]
)
def test_rows_are_kept_where_an_operator_may_drop_one(kind: str) -> None:
    assert keeps(AGGREGATE, node(kind), PROJECTION, sink([0]))


def test_rows_are_kept_where_a_filter_may_drop_one() -> None:
    assert keeps(AGGREGATE, FILTER, PROJECTION, sink([0]))
    assert not keeps(FILTER, AGGREGATE, PROJECTION, sink([0]))


@pytest.mark.parametrize("key", [None, [1], [0, 1]])
def test_rows_are_kept_where_the_key_of_the_rows_is_not_the_key_of_the_table(key: list[int] | None) -> None:
    assert keeps(AGGREGATE, sink(key))


@pytest.mark.parametrize("changes", [["INSERT"], ["INSERT", "DELETE"], ["INSERT", "UPDATE_AFTER", "DELETE"]])
def test_rows_are_not_kept_where_no_update_before_reaches_the_sink(changes: list[str]) -> None:
    assert not keeps(node("join"), sink([0], changes))


def test_the_plan_of_a_job_that_needs_nothing_is_unchanged() -> None:
    plan = chain(AGGREGATE, PROJECTION, sink([0]))
    assert changelog.keeping_rows(plan, composed("historian/twin_v1")) == plan
    already = chain(AGGREGATE, FILTER, sink([0], requireUpsertMaterialize=True, state=STATE))
    assert changelog.keeping_rows(already, composed("historian/twin_v1")) == already


def test_rows_are_kept_as_long_as_the_other_states_of_the_job() -> None:
    kept = changelog.keeping_rows(chain(AGGREGATE, FILTER, sink([0])), composed("historian/twin_v1"))["nodes"][-1]
    assert kept["state"] == [{"index": 0, "ttl": "7 d", "name": "sinkMaterializeState"}]


def test_a_sink_that_is_appended_to_takes_added_rows_only() -> None:
    job = composed("condition/overheat_v1")
    (problem,) = changelog.problems(job, {OVERHEAT: ["INSERT"], "condition.overheats": ["INSERT", "DELETE"]})
    assert problem.what == "the job retracts rows of condition.overheats, but condition.overheats is append-only"
    assert str(problem.where).endswith("condition.overheats.sql.j2")
    assert not [*changelog.problems(composed("historian/twin_v1"), {TWIN: ALL})]


def test_the_changes_of_a_module_are_read_from_flinks_text() -> None:
    text = """\
== Optimized Physical Plan ==
Sink(table=[headrace.historian.twin], targetColumns=[[0]], fields=[tag], changelogMode=[NONE])
+- Calc(select=[tag], changelogMode=[I,UB,UA])
   +- GroupAggregate(groupBy=[tag], select=[tag], changelogMode=[I,UB,UA])

Sink(table=[headrace.historian.dead_letters], fields=[payload], changelogMode=[NONE])
+- Calc(select=[payload], changelogMode=[I])
"""
    job = composed("historian/twin_v1")
    changes = changelog.of_explanation(job, text)
    assert changes == {TWIN: ["INSERT", "UPDATE_BEFORE", "UPDATE_AFTER"]}
    assert changelog.option(job, changes) == ("table.exec.sink.upsert-materialize", "FORCE")
    assert changelog.option(job, {TWIN: ["INSERT"]}) == ("table.exec.sink.upsert-materialize", "AUTO")
