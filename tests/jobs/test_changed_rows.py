"""What a case writes for rows that change, go and come back equals a dictionary in Python, for each shape of SELECT."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from headrace.authoring.diff import side
from headrace.authoring.diff.compiled import Compiler
from headrace.environment import settings
from headrace.planner.in_process import case
from headrace.planner.in_process.minicluster import MiniCluster
from headrace.planner.in_process.results import run_case
from headrace.planner.state.operators import end_of
from headrace.project import job_folder
from headrace.project.paths import Project
from support import ROOT
from support.worlds import changed_orders


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    root = tmp_path_factory.mktemp("project")
    for part in ("sql", "catalogs"):
        shutil.copytree(ROOT / part, root / part)
    changed_orders.write(root / "sql", "orders")
    return Project(root, root / ".headrace")


@pytest.fixture(scope="module")
def cluster() -> Iterator[MiniCluster]:
    with MiniCluster(Project.find(ROOT)) as up:
        yield up


@pytest.mark.parametrize("seed", [3, 4, 5])
def test_a_case_holds_the_rows_that_are_left(project: Project, cluster: MiniCluster, seed: int) -> None:
    events = changed_orders.events(seed)
    folder = job_folder.load(project, changed_orders.JOB)
    given = folder.path / "tests" / f"random_{seed}"
    given.mkdir(parents=True)
    (given / "source.orders.jsonl").write_bytes(b"".join(each + b"\n" for each in changed_orders.messages(events)))
    (only,) = case.load(project, folder, given.name)
    rows = run_case(project, settings.load(project, "local"), cluster, only)
    for name, shape in changed_orders.SHAPES.items():
        expected = shape.rows(events)
        assert changed_orders.held(shape, rows[f"changed.{name}"]) == expected, name
        assert changed_orders.held(shape, rows[f"topic/changed_{name}"]) == expected, name


def test_every_upserted_sink_is_planned_for_retractions_and_keeps_rows_only_if_one_can_go(project: Project) -> None:
    with Compiler(Project.find(ROOT)) as compiler:
        plan = compiler.compiled(side.load(project, settings.load(project, "local"), changed_orders.JOB)).plan
    assert plan
    sinks = {end_of(node): node for node in plan["nodes"] if "dynamicTableSink" in node}
    for name in changed_orders.SHAPES:
        if name != "replaced":
            assert "UPDATE_BEFORE" in sinks[f"changed.{name}"]["inputChangelogMode"], name
            assert "UPDATE_BEFORE" in sinks[f"topic/changed_{name}"]["inputChangelogMode"], name
    kept = {name.removeprefix("changed.") for name, sink in sinks.items() if sink.get("requireUpsertMaterialize")}
    # Flink itself keeps the rows of the last two, for their topics as well: it does not know their key.
    assert kept == {*changed_orders.SHAPES.keys() - {"replaced"}, "topic/changed_full_joined", "topic/changed_united"}
