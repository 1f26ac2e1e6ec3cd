"""Plans that earlier versions stored pair with those of today: their savepoints still restore."""

from __future__ import annotations

from pathlib import Path

import pytest

from headrace.authoring.diff import side
from headrace.authoring.diff.compiled import Compiler
from headrace.environment import settings
from headrace.planner.state.ids import carry_over
from headrace.planner.state.operators import operators
from headrace.planner.state.pairing import pair_operators
from headrace.planner.state.stored_plan import StoredPlan
from headrace.project.paths import Project
from support import ROOT

JOB = "condition/overheat_v1"
# Compiled at 49e4b02, where job.yaml called the job's topic kafka/overheat_alerts, and its table condition.overheats.
BEFORE = ROOT / "tests" / "support" / "plans" / "overheat_v1.before_topic_prefix.json"


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


def ids(stored: StoredPlan) -> dict[str, int]:
    """Flink's id of each operator that is named after what it reads or writes."""
    assert stored.plan
    return {str(each): each.id for each in operators(stored.plan) if "of" in each.traits}
