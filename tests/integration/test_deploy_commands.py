"""The commands of a job's life, as a person or a pipeline gives them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from headrace.cli import deploy, savepoints, status, stop, submit, upgrade
from headrace.errors import CheckFailed, UserError
from headrace.operations.lifecycle.job_cluster import JobCluster
from headrace.upkeep import reconcile
from support.worlds.live_plant import JOB, Plant, reading, until

OVERHEAT = "condition/overheat_v1"
Command = Callable[..., Result]


@pytest.fixture
def command(own_plant: Plant, monkeypatch: pytest.MonkeyPatch) -> Command:
    """`headrace ...` in the plant, whose environment is local but for its catalog."""
    for name, value in own_plant.variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("HEADRACE_FLINK__PARALLELISM", "1")
    monkeypatch.setenv("HEADRACE_FLINK__CHECKPOINT_INTERVAL_S", "1")
    app = typer.Typer()
    for each in (deploy.deploy, status.status, stop.stop, submit.submit, upgrade.restart):
        app.command()(each)
    app.add_typer(savepoints.app, name="savepoints")

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(app, [*arguments])

    return run


def response(result: Result) -> Any:
    """The JSON that the command printed."""
    assert result.exit_code == 0, result.exception
    return json.loads(result.stdout)


def test_a_job_is_deployed_watched_stopped_and_restarted_by_commands(own_plant: Plant, command: Command) -> None:
    own_plant.produce(reading(n, "R80711.gearbox_temp", 120.0) for n in range(50))

    (would,) = response(command("deploy", "--only", OVERHEAT, "--dry-run", "--json"))["jobs"]
    assert (would["job"], would["action"], would["verdict"]) == (OVERHEAT, "create", None)
    assert own_plant.cluster.running(OVERHEAT) is None
    (did,) = response(command("deploy", "--only", OVERHEAT, "--json"))["jobs"]
    assert (did["step"], did["failed"]) == ("running", [])
    assert "| leave alone |" in command("deploy", "--only", OVERHEAT, "--markdown").stdout
    assert isinstance(command("deploy", "--only", "no/such_v1").exception, UserError)

    def rows() -> int:
        return int(own_plant.query("select count(*) from condition.overheats")[0][0])

    until(lambda: rows() == 50, 60)
    (seen,) = response(command("status", "--json"))["jobs"]
    assert (seen["state"], seen["well"], seen["entry"]["step"]) == ("RUNNING", True, "running")
    until(lambda: response(command("status", "--json"))["jobs"][0]["metrics"]["lag"] == 0, 60)

    savepoint = response(command("stop", OVERHEAT, "--json"))["savepoint"]
    (kept,) = [each for each in response(command("savepoints", "list", "--json")) if each["newest"]]
    assert kept["path"].removeprefix("file:").lstrip("/") == savepoint.removeprefix("file:").lstrip("/")
    assert isinstance(command("savepoints", "drop", savepoint).exception, CheckFailed)
    assert response(command("submit", OVERHEAT, "--from", savepoint, "--json"))["verdict"].startswith("compatible")
    response(command("savepoints", "drop", savepoint, "--json"))

    refused = command("restart", OVERHEAT, "--from", "nothing")
    assert isinstance(refused.exception, UserError)
    assert "50 rows of condition.overheats may come twice" in refused.stderr
    response(command("restart", OVERHEAT, "--from", "nothing", "--yes", "--json"))
    until(lambda: rows() == 100, 60)


def test_a_bounded_run_is_in_the_ledger_and_is_not_started_again(own_plant: Plant, command: Command) -> None:
    own_plant.produce(reading(n) for n in range(100))
    run = response(command("submit", JOB, "--bounded", "--json"))
    assert run["step"] in {"bounded", "finished"}
    assert "100 offsets, up to offset 50 of partition 0, 50 of partition 1" in run["message"]
    until(lambda: own_plant.cluster.state(run["flink_job_id"]) == "FINISHED", 60)
    (seen,) = response(command("status", "--json"))["jobs"]
    assert (seen["state"], seen["well"]) == ("FINISHED", True)
    assert seen["stored"] == {"historian.readings": 100, "historian.dead_letters": 0}

    assert isinstance(command("stop", JOB).exception, UserError)
    (seen,) = response(command("status", "--json"))["jobs"]
    assert (seen["state"], seen["entry"]["step"]) == ("FINISHED", "finished")
    assert response(command("savepoints", "list", "--json")) == []
    (would,) = response(command("deploy", "--only", JOB, "--dry-run", "--json"))["jobs"]
    assert would["action"] == "create"
    assert own_plant.cluster.running(JOB) is None

    own_plant.produce(reading(n) for n in range(100, 200))
    response(command("deploy", "--only", JOB, "--json"))
    reconcile.verdict(own_plant.follow())


def test_a_job_is_up_long_before_its_first_regular_checkpoint(
    own_plant: Plant, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Flink draws the time of the first one from all of the interval: with minutes, it can come during the start.
    monkeypatch.setenv("HEADRACE_FLINK__CHECKPOINT_INTERVAL_S", "86400")
    assert command("submit", OVERHEAT).exit_code == 0
    cluster = JobCluster.of(own_plant.settings)
    running = cluster.running(OVERHEAT)
    assert running
    assert cluster.checkpoints(running.id).completed == 1
