"""A cluster with the settings that k8s/ renders: nothing answers without a certificate or a token, and jobs run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import httpx
import psutil
import pytest
import yaml

from headrace.environment.flink_rest import Cluster
from headrace.errors import PlatformError
from headrace.local import processes
from k8s import manifests, on_this_machine
from support import ROOT
from support.services.processes import HOST, serving
from support.sockets import asks_for_a_certificate
from support.worlds.live_plant import JOB, Plant, reading

pytestmark = [pytest.mark.proof, pytest.mark.timeout(600)]
TOKEN = {"Authorization": f"Bearer {on_this_machine.TOKEN}"}


@dataclass(frozen=True)
class Running:
    """A JobManager and a TaskManager: their processes, their settings, and the folder that pods mount."""

    processes: dict[str, psutil.Process]
    settings: dict[str, dict[str, str]]
    folder: Path

    @property
    def rest(self) -> str:
        return f"https://{HOST}:{self.settings['jobmanager']['rest.port']}"

    def metrics(self, role: str) -> str:
        return f"http://{HOST}:{self.settings[role]['metrics.reporter.prom.port']}/metrics"

    def variables(self, plant: Plant) -> dict[str, str]:
        """The variables with which `headrace` works in the plant on this cluster."""
        return {
            **plant.variables,
            "HEADRACE_FLINK__REST": self.rest,
            "HEADRACE_FLINK__TLS": str(self.folder / "rest"),
            "HEADRACE_FLINK__PARALLELISM": "1",
            "HEADRACE_FLINK__CHECKPOINT_INTERVAL_S": "1",
        }


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder, home = tmp_path_factory.mktemp("manifests"), ROOT / ".headrace" / "flink"
    (deployment,) = manifests.of_kind(manifests.build(ROOT / "k8s" / "overlays" / "dev"), "FlinkDeployment")
    shared = on_this_machine.settings(deployment["spec"], folder)
    shared |= {f"python.{part}executable": sys.executable for part in ("", "client.")}
    settings: dict[str, dict[str, str]] = {}
    started: dict[str, psutil.Process] = {}
    with ExitStack() as stack:
        stack.callback(processes.end, folder)
        for role in ("jobmanager", "taskmanager"):
            conf = folder / role
            conf.mkdir()
            settings[role] = shared | on_this_machine.of_process()
            if role == "taskmanager":
                # Its pod has no certificate of the REST API.
                settings[role] = {key: value.replace("/rest/", "/absent/") for key, value in settings[role].items()}
            (conf / "config.yaml").write_text(yaml.safe_dump(settings[role], width=10_000))
            for name, text in deployment["spec"]["logConfiguration"].items():
                (conf / name).write_text(text)
            variables = {**os.environ, "FLINK_CONF_DIR": str(conf), processes.MARKER: str(folder)}
            command = [str(home / "bin" / f"{role}.sh"), "start-foreground"]
            known = Running(started, settings, folder)
            ready = partial(_ready, known, role)
            process = stack.enter_context(serving(command, folder / f"{role}.log", ready, variables))
            started[role] = psutil.Process(process.pid)
        yield known


def test_every_port_asks_and_a_job_is_submitted_watched_saved_and_stopped(running: Running, own_plant: Plant) -> None:
    own_plant.produce(reading(n) for n in range(1_000))
    headrace(running, own_plant, "submit", JOB)
    (status,) = json.loads(headrace(running, own_plant, "status", JOB, "--json"))["jobs"]
    assert status["state"] == "RUNNING"
    own = own_plant.settings.flink.model_copy(update={"rest": running.rest, "tls": str(running.folder / "rest")})
    there = Plant(own_plant.project, own_plant.settings.model_copy(update={"flink": own}), own_plant.topic)
    there.follow()

    for role, process in running.processes.items():
        settings = running.settings[role]
        open_ports = {each.laddr.port for each in process.net_connections("tcp") if each.status == psutil.CONN_LISTEN}
        keys = {key for key, value in settings.items() if key.endswith(".port") and int(value) in open_ports}
        silent = {key for key in keys if asks_for_a_certificate(int(settings[key]))}
        assert keys - silent == {"metrics.reporter.prom.port"}
        assert len(silent) == {"jobmanager": 4, "taskmanager": 3}[role]
        assert httpx.get(running.metrics(role), trust_env=False, timeout=60).status_code == 401
        assert "flink_" in httpx.get(running.metrics(role), headers=TOKEN, trust_env=False, timeout=60).text

    # A TaskManager, where the code of every job runs, has the internal certificate.
    with pytest.raises(PlatformError, match="does not answer"):
        Cluster(running.rest, running.folder / "internal").jobs()

    headrace(running, own_plant, "restart", JOB)
    there.follow()
    headrace(running, own_plant, "stop", JOB)
    assert list((running.folder / "files").rglob("savepoint-*/_metadata"))


def _ready(running: Running, role: str) -> bool:
    try:
        overview = Cluster(running.rest, running.folder / "rest").get("/overview")
    except PlatformError:
        return False
    return role == "jobmanager" or overview["taskmanagers"] == 1


def headrace(running: Running, plant: Plant, *arguments: str) -> str:
    command: list[str | Path] = [Path(sys.executable).with_name("headrace"), *arguments]
    variables = os.environ | running.variables(plant)
    done = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
