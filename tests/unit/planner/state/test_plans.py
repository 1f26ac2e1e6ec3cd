"""Compiled plans of Flink, reduced to what the pairing compares."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from headrace.compose.connectors import LiveConnectors
from headrace.compose.job_statements import compose
from headrace.environment import settings
from headrace.planner.state.ids import carry_over
from headrace.planner.state.operators import operators
from headrace.planner.state.pairing import pair_operators
from headrace.planner.state.stored_plan import StoredPlan
from headrace.planner.state.verdict import verdict
from headrace.project import job_folder
from headrace.project.paths import Project
from support import ROOT, upgrade_cases

STRINGS = "ROW<`tag` VARCHAR(2147483647)>"


def node(id_: int, kind: str, **more: Any) -> dict[str, Any]:
    return {"id": id_, "type": f"stream-exec-{kind}_1", "outputType": STRINGS, "description": "", **more}


def source(id_: int, topic: str) -> dict[str, Any]:
    table = {"identifier": f"`default_catalog`.`default_database`.`{topic}__decoded`"}
    return node(id_, "table-source-scan", scanTableSource={"table": table})


def selection(id_: int, condition: str) -> dict[str, Any]:
    return node(id_, "calc", description=f"Calc(select=[tag], where=[{condition}])")


def kept(id_: int, keep: str = "first") -> dict[str, Any]:
    return node(id_, "deduplicate", keep=keep, description=f"Deduplicate(keep=[{keep}])")


def sink(id_: int, table: str = "out") -> dict[str, Any]:
    return node(id_, "sink", dynamicTableSink={"table": {"identifier": f"`lake`.`a`.`{table}`"}})


def keeping_sink(id_: int, **more: Any) -> dict[str, Any]:
    return sink(id_) | {"requireUpsertMaterialize": True, **more}


def plan(*nodes: dict[str, Any], edges: str, store: str = "lake", top: int = 0) -> StoredPlan:
    pairs = [tuple(map(int, edge.split(">"))) for edge in edges.split()]
    json_plan = {"nodes": list(nodes), "edges": [{"source": a, "target": b} for a, b in pairs]}
    topics = {name: f"{name} of broker" for name in ("p", "q")}
    return StoredPlan(json_plan, (), topics, store, top or max(each["id"] for each in nodes))


def numbers(stored: StoredPlan) -> list[int]:
    assert stored.plan
    return [each["id"] for each in stored.plan["nodes"]]


def one_deduplication(condition: str = "a", keep: str = "first") -> StoredPlan:
    return plan(source(1, "p"), selection(2, condition), kept(3, keep), sink(4), edges="1>2 2>3 3>4")


def test_the_same_plan_has_the_same_ids() -> None:
    before = one_deduplication()
    assert before.plan
    assert carry_over(before.plan, before, before)[1] == before


def test_a_source_that_is_inserted_before_another_gets_an_id_of_its_own() -> None:
    before = plan(source(1, "p"), sink(2), edges="1>2")
    now = plan(source(1, "q"), source(2, "p"), node(3, "union"), sink(4), edges="1>3 2>3 3>4")
    assert now.plan
    renumbered, stored = carry_over(now.plan, now, before)
    assert numbers(stored) == [3, 1, 4, 2]
    assert renumbered["edges"] == [{"source": 3, "target": 4}, {"source": 1, "target": 4}, {"source": 4, "target": 2}]
    assert verdict(before, now).kind == "compatible"


def test_the_id_of_a_removed_operator_is_never_used_again() -> None:
    before = plan(source(1, "p"), sink(2), edges="1>2", top=9)
    now = one_deduplication()
    assert now.plan
    assert numbers(carry_over(now.plan, now, before)[1]) == [1, 10, 11, 2]


def test_an_operator_that_keeps_something_else_starts_empty() -> None:
    before, now = one_deduplication(), one_deduplication(keep="last")
    assert 3 not in pair_operators(before, now).kept
    result = verdict(before, now)
    assert result.kind == "compatible with loss"
    assert "keep: first → last" in result.reasons[0]


def test_what_comes_before_an_operator_may_change() -> None:
    before, now = one_deduplication("a"), one_deduplication("b")
    assert pair_operators(before, now).kept[3] == 3
    assert verdict(before, now).kind == "compatible"


def two_deduplications(one: str, other: str) -> StoredPlan:
    return plan(
        source(1, "p"), selection(2, one), selection(3, other), kept(4), kept(5), node(6, "union"), sink(7),
        edges="1>2 1>3 2>4 3>5 4>6 5>6 6>7",
    )  # fmt: skip


def test_two_operators_that_could_be_either_are_unknown() -> None:
    result = verdict(two_deduplications("a", "b"), two_deduplications("c", "d"))
    assert result.kind == "unknown"
    assert "could continue from more than one" in result.reasons[0]


def test_two_operators_that_changed_places_are_distinguished_by_what_comes_before_them() -> None:
    pairing = pair_operators(two_deduplications("a", "b"), two_deduplications("b", "a"))
    assert (pairing.kept[4], pairing.kept[5]) == (5, 4)


def test_the_state_of_an_operator_of_unknown_type_is_unknown() -> None:
    def of(keep: str) -> StoredPlan:
        return plan(source(1, "p"), node(2, "crystal-ball", keep=keep), sink(3), edges="1>2 2>3")

    assert verdict(of("a"), of("a")).kind == "compatible"
    assert verdict(of("a"), of("b")).kind == "unknown"


@pytest.mark.parametrize(
    ("now", "words"),
    [
        (plan(source(1, "p"), sink(2), edges="1>2", store="pond"), "belong to lake, and the job would write pond"),
        (StoredPlan(None, ("0 Source of []",), {}, "lake", 0), "cannot read each other's state"),
    ],
)
def test_a_job_of_another_kind_or_with_another_catalog_is_incompatible(now: StoredPlan, words: str) -> None:
    result = verdict(plan(source(1, "p"), sink(2), edges="1>2"), now)
    assert result.kind == "incompatible"
    assert words in result.reasons[0]


def test_a_module_is_compatible_as_long_as_its_operators_are_the_same() -> None:
    def of(*graph: str, topic: str = "p") -> StoredPlan:
        return StoredPlan(None, graph, {"p": topic}, "lake", 0)

    assert verdict(of("0 Source of []"), of("0 Source of []")).kind == "compatible"
    assert verdict(of("0 Source of []"), of("0 Source of []", "1 Watch of [0]")).kind == "incompatible"
    assert verdict(of("0 Source of []"), of("0 Source of []", topic="q")).kind == "incompatible"


def test_another_version_of_a_model_continues_without_the_memory_of_the_first() -> None:
    def of(model: str | None) -> StoredPlan:
        return StoredPlan(None, ("0 Source of []",), {}, "lake", 0, model)

    changed = verdict(of("pumps@1"), of("pumps@2"))
    assert changed.kind == "compatible"
    assert "pumps@2 starts without the memory of pumps@1: no reading is lost" in str(changed)
    assert "memory" not in str(verdict(of("pumps@1"), of("pumps@1")))


def test_a_plan_is_read_as_it_was_written() -> None:
    scored = StoredPlan(None, ("0 Source of []",), {}, "lake", 0, "pumps@1")
    assert StoredPlan.from_text(scored.to_text()) == scored
    old = scored.to_text().replace('"model":"pumps@1",', "")
    assert StoredPlan.from_text(old) == replace(scored, model=None)
    before = two_deduplications("a", "b")
    assert StoredPlan.from_text(before.to_text()) == before


def test_the_sinks_of_a_plan_stored_before_topics_were_named_topic_have_their_names_of_today() -> None:
    text = (ROOT / "tests" / "support" / "plans" / "overheat_v1.before_topic_prefix.json").read_text()
    stored = StoredPlan.from_text(text)
    assert stored.plan
    sinks = {str(each) for each in operators(stored.plan) if each.type == "sink"}
    assert sinks == {"sink condition.overheats", "sink topic/overheat_alerts", "sink historian.dead_letters"}
    project = Project.find(ROOT)
    folder = job_folder.load(project, "condition/overheat_v1")
    where = settings.load(project, "local")
    composition = compose(project, where, folder, LiveConnectors(where))
    for sink in composition.sinks.values():
        assert f"`{sink.path.rpartition('.')[2]}`" in text


def test_the_page_lists_the_changes_that_are_tested() -> None:
    assert upgrade_cases.page() in (ROOT / "docs" / "upgrades.md").read_text()


STAYS = "a row written before stays if it goes before it changes again"


def test_a_sink_that_begins_to_keep_rows_by_key_has_none_of_the_rows_in_its_table() -> None:
    before = plan(source(1, "p"), sink(2), edges="1>2")
    now = plan(source(1, "p"), keeping_sink(2), edges="1>2")
    assert verdict(before, now).kind == "compatible"
    assert verdict(before, now).reasons == (f"the sink a.out now keeps rows by key, and has none yet: {STAYS}",)


def test_a_sink_that_cannot_continue_with_the_rows_that_it_kept_loses_them() -> None:
    before = plan(source(1, "p"), keeping_sink(2), edges="1>2")
    now = plan(source(1, "p"), keeping_sink(2, inputUpsertKey=[0]), edges="1>2")
    assert verdict(before, now).kind == "compatible with loss"
    assert verdict(before, now).reasons == (f"the sink a.out loses the rows that it keeps by key: {STAYS}",)


@pytest.mark.parametrize("now", [[source(1, "p"), sink(2)], [source(1, "p"), keeping_sink(2)]])
def test_rows_that_a_sink_keeps_are_not_missed_if_it_continues_or_needs_none(now: list[dict[str, Any]]) -> None:
    before = plan(source(1, "p"), keeping_sink(2), edges="1>2")
    assert verdict(before, plan(*now, edges="1>2")).reasons == ()


def test_where_an_added_source_is_read_from_depends_on_whether_its_job_keeps_every_record() -> None:
    before = plan(source(1, "p"), sink(2), edges="1>2")
    now = plan(source(1, "p"), sink(2), source(3, "q"), edges="1>2 3>2")
    assert verdict(before, now).reasons == ("the source q is read from its beginning",)
    (reason,) = verdict(before, now, keeps_every_record=True).reasons
    assert reason.startswith("the source q is read from right after the last of its records that the job's tables hold")
