"""The waits that are measured, each as people meet it: by the command line, in a process of its own."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from confluent_kafka.admin import AdminClient, NewTopic

from bench.flink import JOB
from bench.latency.seen import Seconds, Seen
from bench.stand import Stand, stand
from headrace import local
from headrace.environment import settings
from headrace.project.paths import Project

INTERVALS_S = (1, 5, 30)
"""Seconds between two commits."""

LIMIT_S = 240
CASES = 5
"""How many further cases are run with the first one."""


@contextmanager
def running(project: Project, interval_s: float) -> Iterator[tuple[Stand, float]]:
    """Yield a stand whose job runs and commits at this interval, and the seconds that its submission took."""
    name = f"latency-{time.monotonic_ns()}"
    admin = AdminClient(settings.load(project, "local").kafka_client())
    admin.create_topics([NewTopic(name, 1, 1)])[name].result(timeout=30)
    with stand(project, project.home / name, name, 0) as place:
        started = time.monotonic()
        _headrace(place, "submit", JOB, HEADRACE_FLINK__CHECKPOINT_INTERVAL_S=str(interval_s))
        try:
            yield place, time.monotonic() - started
        finally:
            if job := place.cluster.running(JOB):
                place.cluster.cancel(job.id)


def until_seen(place: Stand, interval_s: float) -> Seconds:
    """Return the seconds from sending a record until its row is seen, over four commits at least."""
    with Seen(place) as seen:
        seen.wait(lambda: seen.rows > 0, LIMIT_S)
        start, end = time.monotonic(), time.monotonic() + max(15, 4 * interval_s)
        seen.wait(lambda: time.monotonic() > end, LIMIT_S)
        last = len(seen.sent)
        seen.wait(lambda: seen.rows >= last, LIMIT_S)
        return seen.latencies(start, end)


def recovery(place: Stand) -> float:
    """Kill the TaskManager, and return the seconds until a record that is sent from then on is seen."""
    with Seen(place) as seen:
        seen.wait(lambda: seen.rows > 0, LIMIT_S)
        (pid,) = (s.pid for s in local.status(place.project) if s.name == "taskmanager" and s.pid)
        killed = time.monotonic()
        os.kill(pid, signal.SIGKILL)
        first = len(seen.sent)
        seen.wait(lambda: seen.rows > first, LIMIT_S)
        return time.monotonic() - killed


def cases(place: Stand) -> tuple[float, float]:
    """Return the seconds of `headrace test` with one case, and those of each further one."""
    contract = place.project.sql / "_sources" / "plant_readings.yaml"
    contract.write_text(contract.read_text().replace(f"topic: {place.topic}", "topic: plant.readings"))
    (case,) = (place.project.sql / JOB / "tests").iterdir()
    first = _headrace(place, "test", JOB)
    for number in range(CASES):
        shutil.copytree(case, case.with_name(f"{case.name}_{number}"))
    return first, (_headrace(place, "test", JOB) - first) / CASES


def quantiles(waited: Seconds) -> tuple[float, float]:
    """Return the median and the 99th percentile."""
    return float(np.median(waited)), float(np.quantile(waited, 0.99))


def _headrace(place: Stand, *arguments: str, **variables: str) -> float:
    """Run the command in a process of its own; return its seconds. Raises RuntimeError if it fails."""
    catalog = place.settings.catalog.pyiceberg()
    environment = {
        **os.environ,
        "HEADRACE_PROJECT": str(place.project.root),
        "HEADRACE_HOME": str(place.project.home),
        "HEADRACE_CATALOG__PATH": catalog["uri"].removeprefix("sqlite:///"),
        "HEADRACE_CATALOG__WAREHOUSE": catalog["warehouse"],
        **variables,
    }
    command = [str(Path(sys.executable).with_name("headrace")), *arguments]
    started = time.monotonic()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    if done.returncode:
        raise RuntimeError(f"headrace {' '.join(arguments)} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return time.monotonic() - started
