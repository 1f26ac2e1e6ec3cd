"""Deployers and JobManagers are killed: exactly one incarnation of each job is left, and nothing is lost or doubled."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from itertools import count

import psutil
import pytest

from headrace import local
from headrace.errors import PlatformError
from headrace.operations import ledger
from headrace.operations.lifecycle import restart, status
from headrace.project.paths import Project
from headrace.upkeep import reconcile
from support.deployments import READINGS, at, deployed, edit, ids, of
from support.worlds.live_plant import JOB, Plant, plant, steady_flow, until

_KILLED = """
import os, signal, sys
from pathlib import Path
from headrace.operations import deploy
from headrace.operations.ledger import Entry, Ledger
from headrace.operations.lifecycle import operation_context
from headrace.project.paths import Project
from headrace.environment.settings import Settings

when, step = sys.argv[3:]
write = Ledger.write

def dying(self: Ledger, entry: Entry, owner: str) -> Entry:
    if (when, step) == ("before", entry.step):
        os.kill(os.getpid(), signal.SIGKILL)
    written = write(self, entry, owner)
    if (when, step) == ("after", entry.step):
        os.kill(os.getpid(), signal.SIGKILL)
    return written

Ledger.write = dying
project, settings = Project(Path(sys.argv[1]), Path(sys.argv[2])), Settings.model_validate_json(sys.stdin.read())
with operation_context.locked(project, settings) as context:
    deploy.execute(context, deploy.plan(context))
"""
_POINTS = (
    ("after", "stopping"),
    ("before", "stopped"),
    ("after", "stopped"),
    ("after", "submitting"),
    ("before", "running"),
)


_numbers = count(1)


@pytest.fixture(scope="module")
def running(platform: Project, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plant]:
    """A plant whose job is deployed."""
    with plant(platform, tmp_path_factory.mktemp("killed")) as own:
        edit(own, READINGS, "from readings", "from readings where src_offset > -1")
        deployed(of(own, JOB))
        yield of(own, JOB)


@pytest.mark.parametrize(
    "points", [(_POINTS[2], _POINTS[4]), pytest.param(_POINTS, marks=pytest.mark.proof)], ids=["two points", "all"]
)
def test_a_killed_deployer_leaves_one_incarnation_and_loses_nothing(
    running: Plant, points: Sequence[tuple[str, str]]
) -> None:
    with steady_flow(running):
        for when, step in points:
            number = next(_numbers)
            edit(running, READINGS, f"> -{number}", f"> -{number + 1}")
            done = subprocess.run(
                [sys.executable, "-c", _KILLED, str(running.project.root), str(running.project.home), when, step],
                input=running.settings.model_dump_json(),
                capture_output=True,
                text=True,
                timeout=300,
                check=False,
            )
            assert done.returncode == -signal.SIGKILL, done.stderr
            if (when, step) not in {_POINTS[0], _POINTS[4]}:  # otherwise it runs
                (state,) = status.survey(running.project, running.settings).jobs
                assert not state.well, (when, step)
            deployed(running)
            assert_one_runs(running)
    reconcile.verdict(running.follow())


def assert_one_runs(plant: Plant) -> None:
    last = ledger.Ledger(plant.settings).last()[JOB]
    assert (last.step, ids(plant)) == ("running", {JOB: [last.flink_job_id]})


def test_a_job_whose_job_manager_was_killed_continues_from_its_checkpoint(running: Plant) -> None:
    with steady_flow(running):
        before = {each.name: each.pid for each in local.status(running.project)}["jobmanager"]
        assert before
        psutil.Process(before).kill()
        until(lambda: free_slots(running) == 4, 120)
        (state,) = status.survey(running.project, running.settings).jobs
        assert (state.state, state.well) == ("LOST", False)
        assert state.health.fix == f"headrace restart {JOB} --from checkpoint"
        with at(running) as context:
            restart.restart(context, JOB, "checkpoint")
        (state,) = status.survey(running.project, running.settings).jobs
        assert (state.state, state.well) == ("RUNNING", True)
    reconcile.verdict(running.follow())


def free_slots(plant: Plant) -> int:
    try:
        return plant.cluster.slots()[0]
    except PlatformError:
        return 0
