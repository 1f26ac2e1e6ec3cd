"""Real processes are killed, and nothing is lost or doubled."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import psutil
import pytest

from headrace import local
from headrace.operations.lifecycle import health as judgement
from headrace.operations.lifecycle import status
from headrace.operations.lifecycle.health import Health
from headrace.project.paths import Project
from headrace.upkeep import reconcile
from support.worlds.live_plant import JOB, Plant, plant, reading, steady_flow, until


def pid_of(plant: Plant, service: str) -> int:
    """The process id of a service, 0 while there is none."""
    return next(s.pid or 0 for s in local.status(plant.project) if s.name == service)


def kill_task_manager(plant: Plant) -> None:
    """kill -9, then wait until another TaskManager has taken over and the job runs again."""
    old = pid_of(plant, "taskmanager")
    job = plant.cluster.running(JOB)
    assert job
    psutil.Process(old).kill()
    until(lambda: pid_of(plant, "taskmanager") not in {0, old}, 30)
    until(lambda: plant.cluster.state(job.id) != "RUNNING", 60)
    until(lambda: plant.cluster.state(job.id) == "RUNNING", 90)


def until_more_is_stored(plant: Plant) -> None:
    def stored() -> int:
        return sum(b.good for b in plant.account())

    before = stored()
    until(lambda: stored() > before, 90)


def lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def workers(plant: Plant) -> list[psutil.Process]:
    mark = str(plant.project.local)
    processes = []
    for process in psutil.process_iter(["cmdline"]):
        try:
            if "pyflink.fn_execution" in " ".join(process.info["cmdline"] or []) and mark in json.dumps(
                process.environ()
            ):
                processes.append(process)
        except psutil.Error:
            continue
    return processes


def health(plant: Plant) -> Health:
    (job,) = status.survey(plant.project, plant.settings, [JOB]).jobs
    return job.health


SUBMIT = """
import sys
import uuid
from pathlib import Path
from headrace.environment import settings
from headrace.operations import submission
from headrace.project.paths import Project
project = Project(Path(sys.argv[1]), Path(sys.argv[2]))
known = settings.Settings.model_validate_json(sys.argv[3])
prepared = submission.prepare(project, known, sys.argv[4], parallelism=2)
print(submission.launch(prepared, uuid.uuid4().hex).id)
"""


@pytest.fixture(scope="module")
def running(platform: Project, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plant]:
    """A plant whose job runs, and has outlived the process that submitted it."""
    with plant(platform, tmp_path_factory.mktemp("faults")) as own:
        own.produce(reading(n) for n in range(20_000))
        arguments = [str(own.project.root), str(own.project.home), own.settings.model_dump_json(), JOB]
        done = subprocess.run([sys.executable, "-c", SUBMIT, *arguments], check=True, capture_output=True, timeout=300)
        assert done.stdout.strip()
        yield own


def kill_under_load(plant: Plant, times: int) -> None:
    with steady_flow(plant):
        for _ in range(times):
            until_more_is_stored(plant)
            orphans = workers(plant)
            assert orphans
            kill_task_manager(plant)
            assert not any(map(lives, orphans))
    reconcile.verdict(plant.follow())


def test_a_killed_task_manager_leaves_no_worker_behind_and_loses_and_doubles_nothing(running: Plant) -> None:
    kill_under_load(running, 1)


@pytest.mark.repeated
@pytest.mark.proof
def test_a_task_manager_killed_again_and_again_loses_and_doubles_nothing(running: Plant, repeats: int) -> None:
    kill_under_load(running, repeats)


def kill_workers(plant: Plant) -> None:
    """kill -9 of all Python workers, then wait until the job runs again with others."""
    old = workers(plant)
    assert old
    for each in old:
        each.kill()
    until(lambda: bool({*workers(plant)} - {*old}), 90)


@pytest.mark.repeated
@pytest.mark.proof
def test_each_reading_of_each_message_is_stored_once_whatever_is_killed_at_any_moment(
    own_plant: Plant, repeats: int
) -> None:
    contract = own_plant.project.sql / "_sources" / "plant_readings.yaml"
    contract.write_text(contract.read_text().replace("format: json\n", "format: json_array\n"))
    chance = random.Random(repeats)  # noqa: S311 - moments, not a secret
    own_plant.submit()
    with steady_flow(own_plant, lambda n: b"[" + b",".join(reading(3 * n + k) for k in range(3)) + b"]"):
        for number in range(2 * repeats):
            until_more_is_stored(own_plant)
            # Between two commits, one per second: a pack, a bundle, a checkpoint, a commit.
            threading.Event().wait(chance.uniform(0, 1.5))
            (kill_workers if number % 2 else kill_task_manager)(own_plant)
    reconcile.verdict(own_plant.follow())
    position = "src_partition, src_offset, src_index"
    assert own_plant.query(
        f"select count(*) = count(distinct ({position})), count(*) = 3 * count(distinct (src_partition, src_offset)),"
        " max(src_index), count(*) > 0 from historian.readings"
    ) == [(True, True, 2, True)]


def test_a_broker_that_is_paused_for_twenty_seconds_loses_and_doubles_nothing(running: Plant) -> None:
    running.follow()
    until(lambda: health(running).state == "RUNNING", 60, lambda: str(health(running)))
    broker = psutil.Process(pid_of(running, "kafka"))
    broker.send_signal(signal.SIGSTOP)
    try:
        resume = time.monotonic() + 20
        seen: list[Health] = []

        def reported() -> bool:
            seen.append(health(running))
            return "it reads nothing new: Kafka does not answer" in (seen[-1].why or "")

        # The first look may meet an answer that was on its way before the broker stood still.
        until(reported, 45, lambda: str(seen))
        threading.Event().wait(max(0, resume - time.monotonic()))
    finally:
        broker.send_signal(signal.SIGCONT)
    assert seen[-1].state == "STALLED"
    assert "is it up?" in (seen[-1].fix or "")
    # A broker that has just resumed may first work off what has waited for it.
    until(lambda: "does not answer" not in (health(running).why or ""), 90, lambda: str(health(running)))
    running.produce(reading(n) for n in range(5_000, 10_000))
    reconcile.verdict(running.follow())
    until(lambda: health(running).state == "RUNNING", 60, lambda: str(health(running)))


def test_a_worker_that_is_frozen_is_reported_as_stalled_and_loses_and_doubles_nothing(
    running: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judgement, "PATIENCE_S", 10)
    running.follow()
    frozen = workers(running)
    for each in frozen:
        each.suspend()
    try:
        running.produce(reading(n) for n in range(5_000, 6_000))
        assert running.cluster.running(JOB)
        seen: list[Health] = []

        def stalled() -> bool:
            seen.append(health(running))
            return "no checkpoint for" in (seen[-1].why or "")

        until(stalled, 90, lambda: str(seen))
    finally:
        for each in frozen:
            each.resume()
    assert (seen[-1].state, seen[-1].fix) == ("STALLED", f"headrace restart {JOB} --from checkpoint")
    reconcile.verdict(running.follow())
    until(lambda: health(running).state == "RUNNING", 60, lambda: str(health(running)))
