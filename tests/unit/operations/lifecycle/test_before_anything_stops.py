"""Each operation that stops a job refuses before it does so, whatever prevents the start that follows."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from headrace.environment import kafka
from headrace.environment.kafka import OffsetRange
from headrace.errors import CheckFailed, HeadraceError, PlatformError, UserError
from headrace.operations import deploy, preflight, submission
from headrace.operations.lifecycle import (
    release_process,
    restart,
    restart_stateless,
    retention_loss,
    rollback,
    submit,
    upgrade,
)
from headrace.operations.lifecycle.operation_context import OperationContext
from headrace.operations.stored_offsets import INDEX_BITS, Stored
from support.worlds import paper_plant
from support.worlds.paper_plant import JOB, NOW, OLD, READ, PaperPlant, Stopped, entry

OTHER = "historian/readings_v2"


@pytest.fixture
def plant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PaperPlant]:
    with paper_plant.plant(tmp_path, monkeypatch) as world:
        yield world


def deployed(context: OperationContext, *only: str) -> None:
    actions = deploy.plan(context, only)
    deploy.validate(actions)
    deploy.verdict(deploy.execute(context, actions))


OPERATIONS: dict[str, Callable[[OperationContext], object]] = {
    "upgrade": lambda context: upgrade.upgrade(context, JOB),
    "rollback": lambda context: rollback.rollback(context, JOB),
    "restart from savepoint": lambda context: restart.restart(context, JOB, "savepoint"),
    "restart from checkpoint": lambda context: restart.restart(context, JOB, "checkpoint"),
    "restart from nothing": lambda context: restart_stateless.restart(context, JOB),
    "deploy": lambda context: deployed(context, JOB),
}


def no_slots(plant: PaperPlant, _patch: pytest.MonkeyPatch) -> None:
    plant.cluster.free = 0
    plant.write(entry(OLD, parallelism=2), entry(OLD, "stopped", parallelism=2), entry(NOW))
    plant.settings.slots[JOB] = 2


def no_plan(_plant: PaperPlant, patch: pytest.MonkeyPatch) -> None:
    """The topic is another one, a table does not fit, or Flink refuses the SQL: planning the job finds all of these."""

    def refuse(*_: Any, **__: Any) -> None:
        raise UserError("it cannot be planned")

    patch.setattr(submission, "prepare", refuse)
    problem = {"what": "it cannot be planned", "where": None, "fix": None}
    patch.setattr(release_process, "read", lambda *_, **__: READ | {"problems": [problem]})


def no_folder(plant: PaperPlant, _patch: pytest.MonkeyPatch) -> None:
    plant.cluster.folders.clear()


def another_owner(plant: PaperPlant, _patch: pytest.MonkeyPatch) -> None:
    shutil.copytree(plant.project.sql / JOB, plant.project.sql / OTHER)
    job = plant.project.sql / OTHER / "job.yaml"
    job.write_text(job.read_text().replace("readings_v1", "readings_v2"))
    plant.write(replace(entry("c" * 32), job=OTHER))


def rows_of_others(plant: PaperPlant, _patch: pytest.MonkeyPatch) -> None:
    plant.add_rows("d" * 32)


def failing_without_state(plant: PaperPlant, _patch: pytest.MonkeyPatch) -> None:
    shutil.rmtree(plant.project.home / "checkpoints")
    plant.cluster.state_of_jobs = "RESTARTING"


REFUSED = [
    (operation, obstacle, message)
    for obstacle, message, but in (
        (no_slots, "slots", ("restart from savepoint", "restart from checkpoint")),
        (no_plan, "cannot be planned", ()),
        (no_folder, "has no folder for savepoints", ("restart from checkpoint",)),
        (another_owner, "append", ()),
        (rows_of_others, "by a Flink job that the ledger does not know", ("restart from nothing",)),
        (failing_without_state, "has no savepoint and no checkpoint", ("restart from nothing",)),
    )
    for operation in OPERATIONS
    if operation not in but
]


@pytest.mark.parametrize(
    ("operation", "obstacle", "message"), REFUSED, ids=lambda each: getattr(each, "__name__", each)
)
def test_what_prevents_the_next_start_is_reported_before_the_job_stops(
    plant: PaperPlant,
    monkeypatch: pytest.MonkeyPatch,
    operation: str,
    obstacle: Callable[[PaperPlant, pytest.MonkeyPatch], None],
    message: str,
) -> None:
    plant.leave_checkpoint()
    obstacle(plant, monkeypatch)
    with pytest.raises(HeadraceError, match=message):
        OPERATIONS[operation](plant.context)
    assert plant.context.ledger.last()[JOB].step == "running"


@pytest.mark.parametrize("operation", OPERATIONS)
def test_without_an_obstacle_the_job_is_stopped(plant: PaperPlant, operation: str) -> None:
    plant.leave_checkpoint()
    plant.add_rows(NOW)
    with pytest.raises(Stopped):
        OPERATIONS[operation](plant.context)


def test_a_job_that_keeps_every_record_is_not_stopped_if_it_could_not_start_where_its_tables_end(
    plant: PaperPlant, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = iter([UserError("a gap"), UserError("a gap"), None])

    def start(*_: Any, **__: Any) -> dict[int, int]:
        if error := next(looks, UserError("the topic is another one")):
            raise error
        return {}

    monkeypatch.setattr(preflight, "start", start)
    # A checkpoint that is being committed looks like a gap, and is none a moment later.
    with pytest.raises(Stopped):
        restart_stateless.restart(plant.context, JOB)
    plant.settings.flink.__dict__["checkpoint_interval_s"] = 0.001
    with pytest.raises(UserError, match="the topic is another one"):
        restart_stateless.restart(plant.context, JOB)


@pytest.mark.parametrize("operation", sorted(OPERATIONS.keys() - {"restart from nothing"}))
def test_a_job_that_does_not_run_is_not_started_if_the_records_that_come_next_are_gone(
    plant: PaperPlant, monkeypatch: pytest.MonkeyPatch, operation: str
) -> None:
    plant.leave_checkpoint()
    plant.cluster.running_jobs.clear()
    plant.write(entry(step="stopped"))
    stored = {0: Stored(np.arange(10) << INDEX_BITS, np.empty(0, np.int64))}
    monkeypatch.setattr(retention_loss, "stored", lambda *_: stored)
    monkeypatch.setattr(kafka, "offset_ranges", lambda *_: {0: OffsetRange(12, 20)})
    with pytest.raises(CheckFailed, match="cannot continue from its state: up to 2 records") as raised:
        OPERATIONS[operation](plant.context)
    assert f"headrace restart {JOB} --from nothing" in (raised.value.problems[0].fix or "")


def test_a_job_that_does_not_run_needs_its_slots_to_restart(plant: PaperPlant) -> None:
    plant.leave_checkpoint()
    plant.cluster.running_jobs.clear()
    plant.cluster.free = 0
    with pytest.raises(UserError, match="needs 1 slots, and 0"):
        restart.restart(plant.context, JOB, "checkpoint")


def test_submit_looks_for_slots_and_the_savepoint_before_the_job_is_planned(
    plant: PaperPlant, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant.cluster.running_jobs.clear()
    plant.write(entry(NOW, "stopped"))

    def planned(*_: Any, **__: Any) -> None:
        raise AssertionError("the job was planned")

    monkeypatch.setattr(submission, "prepare", planned)
    with pytest.raises(UserError, match="no complete savepoint or checkpoint here"):
        submit.submit(plant.context, JOB, savepoint=(plant.project.home / "no" / "such").as_uri())
    with pytest.raises(PlatformError, match="cannot read the file system of 'nosuch:'"):
        submit.submit(plant.context, JOB, savepoint="nosuch://bucket/savepoint")
    plant.cluster.free = 0
    with pytest.raises(UserError, match="needs 1 slots, and 0"):
        submit.submit(plant.context, JOB)


def test_a_job_is_not_started_next_to_one_that_could_not_be_stopped(
    plant: PaperPlant, monkeypatch: pytest.MonkeyPatch
) -> None:
    another_owner(plant, monkeypatch)
    plant.cluster.running_jobs = {"c" * 32: OTHER}
    plant.write(entry(NOW, "stopped"))

    def stop(_job_id: str) -> str:
        raise PlatformError("no space for a savepoint")

    monkeypatch.setattr(plant.cluster, "stop", stop)
    with pytest.raises(PlatformError, match="no space for a savepoint") as caught:
        deployed(plant.context)
    assert any("both append to historian.readings" in problem.what for problem in caught.value.problems)
    assert plant.context.ledger.last()[JOB].step == "stopped"


def test_a_job_that_cannot_write_its_savepoint_runs_on(plant: PaperPlant, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_savepoint(_job_id: str) -> str:
        raise PlatformError("it did not stop with a savepoint: IOException: Failed to create savepoint directory")

    monkeypatch.setattr(plant.cluster, "stop", no_savepoint)
    with pytest.raises(PlatformError) as caught:
        upgrade.upgrade(plant.context, JOB)
    assert str(caught.value.problems[0].fix) == (
        "the job runs on as before; see that the cluster can write its folder for savepoints, and that checkpoints "
        "complete, then try again"
    )
    assert plant.context.ledger.last()[JOB].step == "running"


def test_rows_that_a_stopped_job_would_write_twice_are_found_before_any_job_is_deployed(plant: PaperPlant) -> None:
    plant.leave_checkpoint()
    plant.add_rows(NOW, checkpoint=9)
    plant.cluster.running_jobs.clear()
    plant.write(entry(step="stopped"))
    (action,) = deploy.plan(plant.context)
    assert "1 rows in historian.readings were committed after" in action.problems[0].what
    with pytest.raises(CheckFailed, match="would come twice"):
        upgrade.upgrade(plant.context, JOB)
