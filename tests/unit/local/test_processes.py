from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from headrace.local import processes

# Ignores SIGTERM; prints a line when it does.
_STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("up", flush=True)
time.sleep(60)
"""


Start = Callable[[Path, str], psutil.Process]


@pytest.fixture
def start() -> Iterator[Start]:
    started: list[subprocess.Popen[str]] = []

    def run(state: Path, service: str) -> psutil.Process:
        marked = {**os.environ, processes.MARKER: str(state), processes.SERVICE: service}
        process = subprocess.Popen([sys.executable, "-c", _STUBBORN], env=marked, stdout=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout
        process.stdout.readline()
        return psutil.Process(process.pid)

    yield run
    for process in started:
        process.kill()
        process.communicate()


def test_only_processes_of_the_same_platform_and_service_are_found(tmp_path: Path, start: Start) -> None:
    ours = start(tmp_path / "a", "taskmanager")
    start(tmp_path / "a", "kafka")
    start(tmp_path / "b", "taskmanager")
    assert processes.find(tmp_path / "a", "taskmanager") == [ours]
    assert len(processes.find(tmp_path / "a")) == 2


def test_a_process_that_ignores_sigterm_is_killed(
    tmp_path: Path, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "_SIGNAL_LIMIT_S", 2)
    stubborn = start(tmp_path, "taskmanager")
    other = start(tmp_path, "kafka")
    assert processes.end(tmp_path, "taskmanager") == 1
    # The test is its parent and has not read its exit code, so a zombie is left.
    assert stubborn.status() == psutil.STATUS_ZOMBIE
    assert processes.find(tmp_path) == [other]
