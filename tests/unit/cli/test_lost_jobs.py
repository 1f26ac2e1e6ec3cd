"""A JobManager that starts again does not bring back its jobs: the local platform's commands name them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from headrace import local
from headrace.cli import local as commands
from headrace.errors import PlatformError
from headrace.local import ServiceStatus
from headrace.local.platform import Endpoints
from headrace.operations.lifecycle import status
from headrace.operations.lifecycle.health import Health
from headrace.operations.lifecycle.status import Status, Survey

LOST = "historian/readings_v1"


@pytest.fixture(autouse=True)
def platform(monkeypatch: pytest.MonkeyPatch) -> None:
    jobs = [Status(LOST, Health("LOST", "lost", "restart")), Status("a/b_v1", Health("RUNNING"))]
    monkeypatch.setattr(local, "up", lambda *_: Endpoints("k:1", "http://f:2"))
    monkeypatch.setattr(local, "status", lambda _: [ServiceStatus("kafka", "RUNNING")])
    monkeypatch.setattr(status, "survey", lambda *_: Survey(jobs))


def run(*arguments: str) -> Any:
    return CliRunner().invoke(commands.app, [*arguments])


@pytest.mark.parametrize("command", ["up", "status"])
def test_a_lost_job_is_named_with_the_command_that_starts_it(command: str) -> None:
    result = run(command)
    assert result.exit_code == 0
    assert f"  {LOST}: headrace restart {LOST} --from checkpoint\n" in result.stdout
    assert "a/b_v1" not in result.stdout


def test_the_json_of_up_lists_lost_jobs() -> None:
    assert json.loads(run("up", "--json").stdout) == {"kafka": "k:1", "flink": "http://f:2", "lost_jobs": [LOST]}


def test_a_project_whose_jobs_cannot_be_asked_for_gets_its_platform(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise PlatformError("no")

    monkeypatch.setattr(status, "survey", fail)
    assert "http://f:2" in run("up").stdout
