"""A session cluster with OpenLineage's listener: what it reports of a job, and that no job needs the service."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import yaml

from headrace.environment import iceberg, settings
from headrace.environment.catalog_types import SqliteCatalog
from headrace.environment.settings import Flink, Settings
from headrace.planner import session
from headrace.project.paths import Project
from support.services import flink, openlineage
from support.services.openlineage import Service
from support.services.processes import HOST, free_ports
from support.worlds.live_plant import JOB, Plant, plant, reading, until

KEY = "marked-by-b41c2f07d9"
READINGS = 400
SUBMIT_LIMIT_S = 180


@dataclass(frozen=True)
class Listened:
    """A cluster whose listener reads its settings from `file` each time that a job starts."""

    cluster: Flink
    folder: Path
    file: Path

    def tell(self, address: str) -> None:
        """Have jobs that are submitted from now on reported to `address`."""
        configuration = {
            "transport": {"type": "http", "url": address, "auth": {"type": "api_key", "apiKey": KEY}},
            "job": {"namespace": "plant-north"},
            "dataset": {"namespaceResolvers": {"file://lake": {"type": "pattern", "regex": "^$"}}},
            "enableDetachedJobTracking": True,
            "trackingIntervalInSeconds": 1,
        }
        self.file.write_text(yaml.safe_dump(configuration))


@pytest.fixture(scope="module")
def listened(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Listened]:
    folder = tmp_path_factory.mktemp("openlineage")
    programs, file = openlineage.programs(pytestconfig.rootpath, folder / "programs"), folder / "openlineage.yml"
    # The listener asks the REST API about its jobs, and has no certificate to show.
    listener = {"execution.job-status-changed-listeners": session.OPENLINEAGE, **flink.WITHOUT_CERTIFICATES}
    variables = {"OPENLINEAGE_CONFIG": str(file)}
    with flink.session_cluster(programs, folder / "cluster", listener, variables) as cluster:
        yield Listened(cluster, folder, file)


@pytest.fixture
def listened_plant(platform: Project, listened: Listened, tmp_path: Path) -> Iterator[Plant]:
    """A plant with readings to come, whose jobs run on that cluster."""
    tables = SqliteCatalog(
        type="sqlite", name="headrace", path=str(tmp_path / "catalog.db"), warehouse=(tmp_path / "warehouse").as_uri()
    )
    there = listened.cluster.model_copy(update={"checkpoint_interval_s": 1, "openlineage": True})
    environment = settings.load(platform, "local").model_copy(update={"catalog": tables, "flink": there})
    with plant(platform, tmp_path, environment) as world:
        world.produce(reading(n) for n in range(READINGS))
        yield world


@pytest.fixture
def headrace(listened: Listened, listened_plant: Plant) -> Callable[..., str]:
    """`headrace ...` as CI gives it, in a process whose Java has the listener too; what it printed."""

    def run(*arguments: str, ends: int = 0) -> str:
        variables = {
            **listened_plant.variables,
            "FLINK_HOME": str(listened.folder / "programs" / "flink"),
            "OPENLINEAGE_CONFIG": str(listened.file),
            "HEADRACE_FLINK__REST": listened.cluster.rest,
            "HEADRACE_FLINK__TLS": "",
            "HEADRACE_FLINK__PARALLELISM": "1",
            "HEADRACE_FLINK__CHECKPOINT_INTERVAL_S": "1",
            "HEADRACE_FLINK__OPENLINEAGE": "true",
        }
        command: list[str | Path] = [Path(sys.executable).with_name("headrace"), *arguments]
        done = subprocess.run(
            command, env=os.environ | variables, capture_output=True, text=True, timeout=SUBMIT_LIMIT_S, check=False
        )
        assert done.returncode == ends, done.stderr
        return done.stdout + done.stderr

    return run


@pytest.fixture
def service() -> Iterator[Service]:
    with openlineage.service() as started:
        yield started


def test_a_job_is_reported_from_its_start_to_its_end(
    listened: Listened, listened_plant: Plant, headrace: Callable[..., str], service: Service
) -> None:
    listened.tell(service.address)
    printed = headrace("submit", JOB)
    listened_plant.follow()
    until(lambda: len(service.of("RUNNING")) > 1 and completed(service) > 0, 30)
    job = listened_plant.cluster.running(JOB)
    assert job is not None
    printed += headrace("stop", JOB)
    until(lambda: bool(service.of("COMPLETE")), 30)

    (start,) = service.of("START")
    broker = settings.load(listened_plant.project, "local").kafka_client()["bootstrap.servers"]
    assert [_name(each) for each in start["inputs"]] == [(f"kafka://{broker}", listened_plant.topic)]
    tables = iceberg.connect(listened_plant.settings)
    written = ("historian.dead_letters", "historian.readings")
    assert sorted(map(_name, start["outputs"])) == [("file://lake", f"headrace.{table}") for table in written]
    columns = {
        each["name"]: [field["name"] for field in each["facets"]["schema"]["fields"]] for each in start["outputs"]
    }
    assert columns == {f"headrace.{name}": iceberg.load_table(tables, name).schema().column_names for name in written}

    assert [each["eventType"] for each in service.events if each["eventType"] != "RUNNING"] == ["START", "COMPLETE"]
    assert {(each["job"]["namespace"], each["job"]["name"]) for each in service.events} == {("plant-north", JOB)}
    assert {each["run"]["facets"]["flink_job"]["jobId"] for each in service.events} == {job.id}
    (run,) = {each["run"]["runId"] for each in service.events}
    assert UUID(run).version == 7
    assert all({"eventTime", "producer", "schemaURL"} <= each.keys() for each in service.events)

    assert service.keys == {f"Bearer {KEY}"}
    shown = [printed, *_logs(listened), *_told_by_flink(listened_plant.settings, job.id)]
    assert all(KEY not in text for text in shown)
    assert any(listened.cluster.rest.rpartition(":")[2] in text for text in shown)


@pytest.mark.proof
def test_a_job_that_is_cancelled_is_reported_as_aborted(
    listened: Listened, listened_plant: Plant, headrace: Callable[..., str], service: Service
) -> None:
    listened.tell(service.address)
    headrace("submit", JOB)
    job = listened_plant.cluster.running(JOB)
    assert job is not None
    listened_plant.cluster.cancel(job.id)
    until(lambda: bool(service.of("ABORT")), 30)


@pytest.mark.proof
def test_a_service_that_is_down_does_not_affect_a_job(
    listened: Listened, listened_plant: Plant, headrace: Callable[..., str], service: Service
) -> None:
    """Nobody listens as the job starts; no answer comes as it is restarted; then each answer is 500."""
    service.status = 500
    (closed,) = free_ports(1)
    with socket.create_server((HOST, 0)) as silent:
        addresses = (f"http://{HOST}:{closed}", f"http://{HOST}:{silent.getsockname()[1]}", service.address)
        incarnations = []
        for number, address in enumerate(addresses):
            assert not service.events
            listened.tell(address)
            headrace("restart" if number else "submit", JOB)
            listened_plant.produce(reading(n) for n in range(number * READINGS, (number + 1) * READINGS))
            account = listened_plant.follow()
            assert sum(balance.good for balance in account) == (number + 2) * READINGS
            assert all(balance.holds for balance in account)
            job = listened_plant.cluster.running(JOB)
            assert job is not None
            incarnations.append(job.id)
        headrace("stop", JOB)
        assert len(set(incarnations)) == len(addresses)
        assert all(listened_plant.cluster.last_failure(job) is None for job in incarnations)
    assert service.events


def test_a_listener_without_settings_starts_no_job_and_says_so(
    listened: Listened, listened_plant: Plant, headrace: Callable[..., str]
) -> None:
    listened.file.unlink(missing_ok=True)
    assert "OpenLineageClientException" in headrace("submit", JOB, ends=3)
    assert listened_plant.cluster.running(JOB) is None


def completed(service: Service) -> int:
    """Return the most checkpoints that a report has."""
    return max(int(each["run"]["facets"]["checkpoints"]["completed"]) for each in service.of("RUNNING"))


def _name(dataset: dict[str, Any]) -> tuple[str, str]:
    return dataset["namespace"], dataset["name"]


def _logs(listened: Listened) -> Iterator[str]:
    """All that the cluster and the Java of those who submit have logged."""
    logs = [path for path in listened.folder.rglob("*.log") if path.is_file()]
    assert {"jobmanager.log", "taskmanager.log"} < {path.name for path in logs}
    return (path.read_text(errors="replace") for path in logs)


def _told_by_flink(settings: Settings, job: str) -> Iterator[str]:
    with flink.client(settings) as client:
        of_job = (f"/jobs/{job}{part}" for part in ("", "/config", "/exceptions", "/jobmanager/config"))
        for path in ("/config", "/jobmanager/config", "/jobmanager/environment", *of_job):
            yield client.get(path).text
