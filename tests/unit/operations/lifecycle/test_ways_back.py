"""A start without state that fails has the incarnation before it run again, or the error has what can be done."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from headrace.errors import HeadraceError, PlatformError, UserError
from headrace.operations import submission
from headrace.operations.lifecycle import incarnation, job_state, restart_stateless, start, stop
from headrace.operations.lifecycle.operation_context import OperationContext
from support.worlds import paper_plant
from support.worlds.paper_plant import JOB, NOW, OLD, PaperPlant, entry


@pytest.fixture
def plant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PaperPlant]:
    """A job that runs, that can be stopped, and whose next start fails."""
    with paper_plant.plant(tmp_path, monkeypatch) as world:
        savepoint = world.leave_savepoint()

        def stop(job_id: str) -> str:
            del world.cluster.running_jobs[job_id]
            return savepoint

        monkeypatch.setattr(world.cluster, "stop", stop)
        monkeypatch.setattr(start, "await_checkpoint", lambda *_: None)
        monkeypatch.setattr(type(world.context), "keep_release", lambda _: None)
        yield world


def launched(patch: pytest.MonkeyPatch, *failures: HeadraceError) -> list[Any]:
    """Have the next starts fail; return the entries that are started."""
    left, entries = [*failures], []

    def launch(_context: OperationContext, of: Any, _prepared: Any = None) -> None:
        entries.append(of)
        if left:
            raise left.pop(0)

    patch.setattr(incarnation, "launch", launch)
    return entries


def test_a_job_that_ran_runs_again_if_the_start_without_state_fails(
    plant: PaperPlant, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries = launched(monkeypatch, PlatformError("no slots"))
    with pytest.raises(PlatformError, match="did not come up: no slots") as raised:
        restart_stateless.restart(plant.context, JOB)
    assert "the version before it runs again" in (raised.value.problems[0].fix or "")
    assert entries[0].savepoint is None
    assert entries[1].savepoint.endswith("savepoint-bbbbbb-1")
    assert plant.context.ledger.last()[JOB].step == "rolled back"


def test_a_job_that_ran_runs_again_if_it_cannot_be_planned_after_the_stop(
    plant: PaperPlant, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries, plan = launched(monkeypatch), submission.prepare
    outcomes = iter([plan])

    def prepare(*given: Any, **options: Any) -> Any:
        if (outcome := next(outcomes, None)) is None:
            raise UserError("the tables have a gap")
        return outcome(*given, **options)

    monkeypatch.setattr(submission, "prepare", prepare)
    with pytest.raises(PlatformError, match="did not come up: the tables have a gap"):
        restart_stateless.restart(plant.context, JOB)
    assert [each.savepoint.rpartition("/")[2] for each in entries] == ["savepoint-bbbbbb-1"]
    assert plant.context.ledger.last()[JOB].step == "rolled back"


def test_a_job_that_did_not_run_is_not_started_and_the_error_has_the_next_command(
    plant: PaperPlant, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant.cluster.running_jobs.clear()
    plant.write(entry(OLD, "stopped"), entry(NOW, "stopped"))
    entries = launched(monkeypatch, PlatformError("no slots"))
    with pytest.raises(PlatformError, match="no slots") as raised:
        restart_stateless.restart(plant.context, JOB)
    assert raised.value.problems[-1].what == f"{JOB} does not run now"
    assert f"headrace restart {JOB} --from checkpoint" in (raised.value.problems[-1].fix or "")
    assert len(entries) == 1


def test_a_job_whose_upgrade_died_is_to_start_again_until_an_operator_has_it_stay_stopped(plant: PaperPlant) -> None:
    state = job_state.settled(plant.context, JOB)
    job_state.stop_and_restore_point(plant.context, state)  # the deployer dies here
    left = plant.context.ledger.last()[JOB]
    assert left.is_to_start_again
    stop.stop(plant.context, JOB)
    stopped = plant.context.ledger.last()[JOB]
    assert (stopped.step, stopped.savepoint, stopped.message) == ("stopped", left.savepoint, None)
    with pytest.raises(UserError, match="does not run"):
        stop.stop(plant.context, JOB)


def test_a_job_that_the_cluster_has_lost_is_to_start_again_once_a_deployer_has_seen_it(plant: PaperPlant) -> None:
    plant.leave_checkpoint()
    plant.cluster.running_jobs.clear()
    job_state.settled(plant.context, JOB)
    assert plant.context.ledger.last()[JOB].is_to_start_again
