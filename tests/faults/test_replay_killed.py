"""A TaskManager is killed during a replay, which goes on, and has each record of its span once."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import psutil
import pytest

from headrace import local
from headrace.operations import replay
from headrace.operations.lifecycle.job_cluster import JobCluster
from support.worlds.live_plant import JOB, Plant, reading

RECORDS = 1_500_000
INTO = "again.readings"


@pytest.mark.proof
def test_a_replay_goes_on_over_a_killed_task_manager(own_plant: Plant) -> None:
    own_plant.produce(reading(n) for n in range(RECORDS))
    span = datetime(2026, 1, 1, tzinfo=UTC), None
    planned = replay.prepare(own_plant.project, own_plant.settings, JOB, span, INTO)
    assert planned.records == RECORDS
    killed = threading.Event()

    def kill_once(read: int) -> None:
        if read and not killed.is_set():
            killed.set()
            (process,) = [each for each in local.status(own_plant.project) if each.name == "taskmanager"]
            psutil.Process(process.pid).kill()

    done = replay.run(planned, kill_once)
    assert killed.is_set()
    assert JobCluster.of(own_plant.settings).failures(done.flink_job_id) >= 1
    counts = f"select count(*), count(distinct (src_partition, src_offset)) from {INTO}"
    assert own_plant.query(counts) == [(RECORDS, RECORDS)]
