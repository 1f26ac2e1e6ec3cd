"""Jobs are deployed, changed and removed: nothing is lost or doubled, and no job is restarted without need."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

import pytest

from headrace.environment import kafka_metadata
from headrace.environment.apply import table_changes
from headrace.errors import CheckFailed, PlatformError, UserError
from headrace.operations import deploy, ledger
from headrace.operations.lifecycle import restart, restore_points, rollback, status, stop, submit
from headrace.upkeep import reconcile
from support import ROOT
from support.deployments import READINGS, at, deployed, edit, ids, kinds, later, of
from support.worlds.live_plant import JOB, METASPACE_A_JOB, Plant, reading, steady_flow

OVERHEAT, ROLLUP = "condition/overheat_v1", "historian/rollup_1m_v1"
JOBS = [OVERHEAT, JOB, ROLLUP]


@pytest.fixture
def three(own_plant: Plant) -> Plant:
    """A plant where three jobs are to run, each in a slot, with a checkpoint a second."""
    return of(own_plant, *JOBS)


def test_only_the_changed_one_of_three_jobs_restarts(three: Plant) -> None:
    three.produce(reading(n) for n in range(2_000))
    assert kinds(deployed(three)) == dict.fromkeys(JOBS, "create")
    first = ids(three)
    assert {name: len(found) for name, found in first.items()} == dict.fromkeys(JOBS, 1)

    assert kinds(deployed(three)) == dict.fromkeys(JOBS, "leave alone")
    with at(three) as context, pytest.raises(UserError, match="runs already"):
        submit.submit(context, JOB)
    assert ids(three) == first

    edit(three, f"{OVERHEAT}/job.yaml", "hot_limit: 100.0", "hot_limit: 99.0")
    assert kinds(deployed(three)) == {**dict.fromkeys(JOBS, "leave alone"), OVERHEAT: "upgrade"}
    second = ids(three)
    assert {name for name in JOBS if first[name] != second[name]} == {OVERHEAT}
    reconcile.verdict(three.follow())

    without = of(three, JOB, ROLLUP)
    assert kinds(deployed(without)) == {OVERHEAT: "stop", **dict.fromkeys([JOB, ROLLUP], "leave alone")}
    assert set(ids(three)) == {JOB, ROLLUP}
    entry = ledger.Ledger(three.settings).last()[OVERHEAT]
    assert (entry.step, bool(entry.savepoint)) == ("stopped", True)


def test_a_job_whose_source_names_another_topic_reads_all_of_it(own_plant: Plant) -> None:
    plant = of(own_plant, JOB)
    plant.produce(reading(n) for n in range(500))
    deployed(plant)
    reconcile.verdict(plant.follow())

    moved = replace(plant, topic=f"{plant.topic}.moved")
    moved.make_topic()
    moved.produce(reading(n) for n in range(500, 700))
    edit(plant, "_sources/plant_readings.yaml", f"topic: {plant.topic}", f"topic: {moved.topic}")
    with at(plant) as context:
        actions = deploy.plan(context)
        with pytest.raises(CheckFailed, match="--accept-loss"):
            deploy.validate(actions)
        deploy.verdict(deploy.execute(context, actions))
    reconcile.verdict(moved.follow())
    assert plant.query("select count(*), count(distinct ts) from historian.readings") == [(700, 700)]


@pytest.mark.proof
def test_a_topic_created_again_is_not_taken_for_the_old_one(own_plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    plant = of(own_plant, JOB)
    plant.produce(reading(n) for n in range(2_000))
    deployed(plant)
    plant.follow()
    with at(plant) as context:
        # Its files have not changed; that its topic has is known by the topic's id alone.
        with monkeypatch.context() as changed:
            changed.setattr(kafka_metadata, "topic_ids", lambda _client, topics: dict.fromkeys(topics, "another"))
            actions = deploy.plan(context)
            (ill,) = status.survey(plant.project, plant.settings).ill
        assert [(each.kind, len(each.problems)) for each in actions] == [("leave alone", 1)]
        assert ill.health.why
        assert "was deleted and created again since" in ill.health.why
        with pytest.raises(UserError, match="was deleted and created again since"):
            deploy.validate(actions)
        deploy.validate(deploy.plan(context))
        stop.stop(context, JOB)
        plant.recreate_topic()
        plant.produce(reading(n) for n in range(1_000))
        with pytest.raises(CheckFailed, match="was deleted and created again since"):
            plant.account()
        plant.produce(reading(n) for n in range(4_000))
        with pytest.raises(UserError, match="was deleted and created again since the job was last started"):
            restart.restart(context, JOB, "savepoint")
    edit(plant, READINGS, "from readings", "from readings where src_offset > -1")
    with pytest.raises(UserError, match="was deleted and created again since the job was last started"):
        deployed(plant)
    assert plant.query("select count(*) from historian.readings") == [(2_000,)]


TABLE = "_tables/historian.readings.yaml"
ADDED = """\
  line: {type: string, doc: "The line that the tag belongs to"}
partition:"""


def test_upgrades_a_rollback_and_restarts_under_load_are_exact(own_plant: Plant) -> None:
    plant = of(own_plant, JOB)
    with steady_flow(plant):
        deployed(plant)
        edit(plant, READINGS, "from readings", "from readings where src_offset > -1")
        edit(plant, TABLE, "partition:", ADDED)
        table_changes.apply(plant.project, plant.settings)
        assert kinds(deployed(plant)) == {JOB: "upgrade"}
        now = ledger.Ledger(plant.settings).last()[JOB]
        with at(plant) as context:
            stop.stop(context, JOB)
            (old, *_) = restore_points.all_of(context, now.flink_job_id, context.ledger.history(JOB))
            restart.restart(context, JOB, "savepoint")
            with pytest.raises(CheckFailed, match="would come twice"):
                restart.restart(context, JOB, "savepoint", old.path)
            assert restart.restart(context, JOB, "checkpoint").step == "running"
            back = rollback.rollback(context, JOB)
            assert back.release != now.release
            stop.stop(context, JOB)
            with pytest.raises(CheckFailed, match="is not the newest state"):
                restart.restart(context, JOB, "savepoint", old.path)
            again = restart.restart(context, JOB, "savepoint")
            assert again.release == back.release
    reconcile.verdict(plant.follow())
    assert len(ids(plant)[JOB]) == 1


@pytest.mark.repeated
@pytest.mark.proof
def test_upgrades_in_a_row_are_exact_and_leave_the_metaspace_as_it_was(own_plant: Plant, repeats: int) -> None:
    plant = of(own_plant, JOB)
    edit(plant, READINGS, "from readings", "from readings where src_offset > -1")
    with steady_flow(plant):
        deployed(plant)
        before = plant.metaspace()
        for number in range(1, repeats + 1):
            edit(plant, READINGS, f"> -{number}", f"> -{number + 1}")
            assert kinds(deployed(plant)) == {JOB: "upgrade"}
        assert (plant.metaspace() - before) / repeats < METASPACE_A_JOB
    reconcile.verdict(plant.follow())


@contextmanager
def changed(plant: Plant, files: Mapping[str, str]) -> Iterator[None]:
    """The project with these files of sql/ in the block, and as it was after it."""
    paths = {plant.project.sql / name: text for name, text in files.items()}
    before = {path: path.read_text() if path.is_file() else None for path in paths}
    for path, text in paths.items():
        path.write_text(text)
    yield
    for path, was in before.items():
        if was is None:
            path.unlink()
        else:
            path.write_text(was)


def test_a_bad_version_leaves_the_old_one_running(own_plant: Plant) -> None:
    plant = of(own_plant, JOB)
    text, table, job = ((plant.project.sql / name).read_text() for name in (READINGS, TABLE, f"{JOB}/job.yaml"))
    two = job.replace("historian.readings: append}", "historian.readings: append, table/historian.copies: append}")
    cannot_start = {
        "there is no column 'nothing_such'": {READINGS: text.replace("    asset,", "    nothing_such as asset,")},
        "there is no table historian.copies": {
            "_tables/historian.copies.yaml": table,
            f"{JOB}/historian.copies.sql.j2": text,
            f"{JOB}/job.yaml": two,
        },
    }
    fails_on_every_record = text.replace("from readings", "from readings where 1 / (src_offset - src_offset) < 5")
    with steady_flow(plant):
        deployed(plant)
        before = ids(plant)
        for said, files in cannot_start.items():
            with changed(plant, files), pytest.raises(UserError, match=said):
                deployed(plant)
            assert ids(plant) == before
        # The version before it is started again without the setting, which it does not know.
        with changed(plant, {READINGS: fails_on_every_record}), pytest.raises(PlatformError, match="did not come up"):
            deployed(replace(plant, settings=later(plant.settings)))
        assert len(ids(plant)[JOB]) == 1
        assert ids(plant) != before
        assert ledger.Ledger(plant.settings).last()[JOB].step == "rolled back"
        assert kinds(deployed(plant)) == {JOB: "leave alone"}
    reconcile.verdict(plant.follow())


# What a function needs is there where it is deployed from, and missing on the cluster.
_NOT_ON_THE_CLUSTER = """
import sys
if any("fn_execution" in argument for argument in sys.argv):
    import not_on_the_cluster
"""
_DEPLOY = """
import sys
from pathlib import Path
from headrace.operations import deploy
from headrace.operations.lifecycle import operation_context
from headrace.project.paths import Project
from headrace.environment.settings import Settings
project, settings = Project(Path(sys.argv[1]), Path(sys.argv[2])), Settings.model_validate_json(sys.stdin.read())
with operation_context.locked(project, settings) as context:
    actions = deploy.plan(context)
    deploy.verdict(deploy.execute(context, actions))
"""


@pytest.mark.proof
def test_functions_that_cannot_be_imported_leave_the_old_ones_running(own_plant: Plant) -> None:
    plant = of(own_plant, JOB)
    copy = plant.project.root / "checkout"
    for name in ("jobs", "udfs"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    with (copy / "udfs" / "headrace_udfs" / "decode.py").open("a") as file:
        file.write(_NOT_ON_THE_CLUSTER)
    with steady_flow(plant):
        deployed(plant)
        before = ledger.Ledger(plant.settings).last()[JOB]
        done = subprocess.run(
            [sys.executable, "-c", _DEPLOY, str(plant.project.root), str(plant.project.home)],
            input=plant.settings.model_dump_json(),
            env={**os.environ, "PYTHONPATH": f"{copy / 'jobs'}:{copy / 'udfs'}"},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert "No module named 'not_on_the_cluster'" in done.stderr
        after = ledger.Ledger(plant.settings).last()[JOB]
        assert (after.step, after.release) == ("rolled back", before.release)
        assert ids(plant) == {JOB: [after.flink_job_id]}
    reconcile.verdict(plant.follow())
