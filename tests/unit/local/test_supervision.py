from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import psutil
import pytest
import tenacity

from headrace.local import processes, supervision
from headrace.local.layout import Layout

T = TypeVar("T")

_SERVICE = [sys.executable, "-c", "import time; time.sleep(60)"]
_SERVICE_WITH_A_CHILD = [
    sys.executable,
    "-c",
    "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(60)'])",
]


@pytest.fixture
def layout(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Layout]:
    layout = Layout(tmp_path, tmp_path / getattr(request, "param", "local"))
    layout.state.mkdir()
    yield layout
    supervision.stop(layout)
    processes.end(layout.state)


@pytest.mark.parametrize("layout", ["local", "100 % " + "longer than a socket's path " * 4], indirect=True)
def test_a_service_runs_on_its_own_until_it_is_stopped(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "/of/another/python")
    monkeypatch.setenv("PLANT_USER", "named by a ${env:...} reference")
    assert supervision.services(layout) is None
    supervision.start(layout, {"kafka": _SERVICE}, {"OMP_NUM_THREADS": "1"})
    service = psutil.Process(_running(layout, "kafka"))
    environment = service.environ()
    assert "PLANT_USER" in environment
    assert environment["OMP_NUM_THREADS"] == "1"
    assert "PYTHONPATH" not in environment
    assert service.terminal() is None
    supervision.stop(layout)
    assert supervision.services(layout) is None
    assert processes.find(layout.state) == []


def test_a_killed_service_restarts_after_its_orphans_are_ended(layout: Layout) -> None:
    supervision.start(layout, {"taskmanager": _SERVICE_WITH_A_CHILD}, {})
    first = psutil.Process(_running(layout, "taskmanager"))
    orphan = _until(first.children)[0]
    first.send_signal(signal.SIGKILL)
    _until(lambda: len(layout.starts("taskmanager").read_text().splitlines()) == 2)
    assert orphan not in processes.find(layout.state)
    assert _running(layout, "taskmanager") != first.pid


def test_a_supervisord_that_does_not_answer_is_still_ended(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "_SIGNAL_LIMIT_S", 2)
    supervision.start(layout, {"kafka": _SERVICE}, {})
    supervisord = psutil.Process(_running(layout, "kafka")).parent()
    assert supervisord
    supervisord.suspend()
    processes.end(layout.state)
    assert processes.find(layout.state) == []
    assert supervision.services(layout) is None


def _running(layout: Layout, service: str) -> int:
    def pid() -> int | None:
        info = (supervision.services(layout) or {})[service]
        return info["pid"] if info["statename"] == "RUNNING" else None

    return _until(pid)


def _until(condition: Callable[[], T | None]) -> T:
    waiting = tenacity.Retrying(
        retry=tenacity.retry_if_result(lambda value: not value),
        stop=tenacity.stop_after_delay(60),
        wait=tenacity.wait_fixed(0.05),
    )
    value = waiting(condition)
    assert value
    return value
