"""What a case writes for rows that change, go and come back equals a dictionary in Python, for each shape of SELECT."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from headrace.authoring.diff import side
from headrace.authoring.diff.compiled import Compiler
from headrace.compose.job_statements import compose
from headrace.environment import settings
from headrace.planner import planning
from headrace.planner.in_process import case
from headrace.planner.in_process.file_connectors import FileConnectors
from headrace.planner.in_process.minicluster import MiniCluster
from headrace.planner.in_process.results import run_case
from headrace.planner.state.operators import end_of
from headrace.project import job_folder, table_files
from headrace.project.job_folder import JobFolder
from headrace.project.paths import Project
from headrace.project.system_tables import DEAD_LETTERS
from support import ROOT
from support.worlds import changed_orders

FORMATS = {
    "filtered": changed_orders.IN_AVRO,
    "large": changed_orders.IN_PROTOBUF,
    "joined": changed_orders.IN_AVRO + changed_orders.AMOUNT_IN_HEADER,
    "outer_joined": changed_orders.IN_PROTOBUF,
    "full_joined": changed_orders.IN_AVRO,
    "moved": changed_orders.IN_AVRO,
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    root = tmp_path_factory.mktemp("project")
    for part in ("sql", "catalogs"):
        shutil.copytree(ROOT / part, root / part)
    changed_orders.write(root / "sql", "orders", more=FORMATS)
    return Project(root, root / ".headrace")


@pytest.fixture(scope="module")
def cluster() -> Iterator[MiniCluster]:
    with MiniCluster(Project.find(ROOT)) as up:
        yield up


def case_of(project: Project, folder: JobFolder, seed: int) -> case.Case:
    """Return a case of the job with random events."""
    given = folder.path / "tests" / f"random_{seed}"
    given.mkdir(parents=True)
    messages = changed_orders.messages(changed_orders.events(seed))
    (given / "source.orders.jsonl").write_bytes(b"".join(each + b"\n" for each in messages))
    (only,) = case.load(project, folder, given.name)
    return only


@pytest.mark.parametrize("seed", [3, 4, 5])
def test_a_case_holds_the_rows_that_are_left(project: Project, cluster: MiniCluster, seed: int) -> None:
    events = changed_orders.events(seed)
    given = case_of(project, job_folder.load(project, changed_orders.JOB), seed)
    rows = run_case(project, settings.load(project, "local"), cluster, given)
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


MODULE = """\
from pyflink.table import Table
from pyflink.table.expressions import col

from table_api import Inputs


def tables(inputs: Inputs) -> dict[str, Table]:
    orders = inputs.source("orders")
    columns = col("place").alias("id"), col("place"), col("nr").count.alias("amount")
    counted = orders.group_by(col("place")).select(*columns)
    return {"changed.rare": counted.where(col("amount") < 40)}
"""
MODULE_JOB = """\
kind: table_api
module: rare
name: changed/rare_v1
owner: tests
description: Places with few changes.
grain: one row per place
reads: [source/orders]
writes: {table/changed.rare: upsert}
"""


def test_the_tables_of_a_module_keep_rows_if_one_can_go(project: Project, cluster: MiniCluster) -> None:
    package = project.root / "jobs" / "table_api"
    shutil.copytree(ROOT / "jobs" / "table_api", package)
    (package / "rare.py").write_text(MODULE)
    (project.sql / "changed" / "rare_v1").mkdir()
    (project.sql / "changed" / "rare_v1" / "job.yaml").write_text(MODULE_JOB)
    folder, loaded = job_folder.load(project, "changed/rare_v1"), settings.load(project, "local")
    environment = cluster.environment(folder.job)
    tables = table_files.pick(project, ["changed.rare", DEAD_LETTERS])
    files = FileConnectors(case_of(project, folder, 3), cluster.folder / "module", loaded, tables)
    files.folder.mkdir()
    plan = planning.plan(environment, compose(project, loaded, folder, files))
    assert plan.compiled is None
    assert environment.get_config().get("table.exec.sink.upsert-materialize", "") == "FORCE"
    plan.execute().wait(300_000)
    text = "".join(each.read_text() for each in files.output("changed.rare").glob("part-*"))
    assert '"op":"d"' in text
