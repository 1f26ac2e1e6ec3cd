"""Plans that earlier versions stored pair with those of today: their savepoints still restore."""

from __future__ import annotations

from pathlib import Path

import pytest

from headrace.authoring.diff import compiled, side
from headrace.authoring.diff.compiled import Compiler
from headrace.compose.connectors import LiveConnectors
from headrace.compose.job_statements import compose
from headrace.environment import settings
from headrace.environment.apply import table_changes
from headrace.planner import planning, session
from headrace.planner.state.ids import carry_over
from headrace.planner.state.operators import operators
from headrace.planner.state.pairing import pair_operators
from headrace.planner.state.stored_plan import StoredPlan
from headrace.planner.state.verdict import verdict
from headrace.project.paths import Project
from support import ROOT

JOB = "condition/overheat_v1"
# Compiled at 49e4b02, where job.yaml called the job's topic kafka/overheat_alerts, and its table condition.overheats.
BEFORE = ROOT / "tests" / "support" / "plans" / "overheat_v1.before_topic_prefix.json"
MODULE = "condition/stuck_v1"
# Planned at 9d36840, where modules read a row per message.
MODULE_BEFORE = ROOT / "tests" / "support" / "plans" / "stuck_v1.before_packs.json"


def test_a_topic_and_a_table_are_the_same_sinks_under_their_new_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLINK_HOME", str(ROOT / ".headrace" / "flink"))
    project = Project(ROOT, tmp_path / ".headrace")
    with Compiler(project) as compiler:
        plan = compiler.compiled(side.load(project, settings.load(project, "local"), JOB)).plan
    assert plan
    before = StoredPlan.from_text(BEFORE.read_text())
    now = StoredPlan(plan, (), before.topics, before.store, max(node["id"] for node in plan["nodes"]))
    pairing = pair_operators(before, now)
    assert (pairing.lost, pairing.empty, pairing.doubtful) == ([], [], ())
    # What was stored read a row per message. Where a topic is read in packs, operators without state are others.
    assert {id_ for id_, each in pairing.now.items() if each.stateful} <= set(pairing.kept)
    _, carried = carry_over(plan, now, before)
    assert carried.plan
    assert before.plan
    assert ids(carried) == ids(before)
    assert ids(before)["sink topic/overheat_alerts"]


def test_a_module_that_read_a_row_per_message_cannot_continue_with_packs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLINK_HOME", str(ROOT / ".headrace" / "flink"))
    project = Project(ROOT, tmp_path / ".headrace")
    job = side.load(project, settings.load(project, "local"), MODULE)
    with compiled._scratch(job.settings) as scratch:
        table_changes.apply(project, scratch, job.tables)
        composition = compose(project, scratch, job.folder, LiveConnectors(scratch))
        environment = session.create_environment(project, session.job_options(job.folder.job))
        graph = planning.plan(environment, composition).operator_graph()
    before = StoredPlan.from_text(MODULE_BEFORE.read_text())
    now = StoredPlan(None, graph, before.topics, before.store, 0)
    assert verdict(now, now).kind == "compatible"
    refused = verdict(before, now)
    assert refused.kind == "incompatible"
    assert refused.reasons == (
        "the module's operators or their order changed, and Flink finds their state by position",
    )


def ids(stored: StoredPlan) -> dict[str, int]:
    """Flink's id of each operator that is named after what it reads or writes."""
    assert stored.plan
    return {str(each): each.id for each in operators(stored.plan) if "of" in each.traits}
