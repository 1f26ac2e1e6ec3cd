"""Secrets appear only where they belong: not in SQL, plans, logs, Flink's REST API, files or arguments."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
from pyarrow.fs import FileSelector
from pyiceberg.io import load_file_io
from pyiceberg.io.pyarrow import PyArrowFileIO

from headrace.authoring.render import statements
from headrace.environment import iceberg
from headrace.environment.apply import table_changes
from headrace.environment.settings import Settings, resolved
from headrace.errors import PlatformError
from headrace.operations import submission
from headrace.operations.catalog_check.flink import InFlink
from support import flink_plans
from support.services import flink
from support.services.processes import free_ports
from support.services.registry import Registry
from support.services.seaweed import FILES
from support.services.stack import Secrets, Stack
from support.worlds.avro_plant import READING, in_avro, reading
from support.worlds.live_plant import JOB, Plant, until

READINGS = 500
OF_A_JOB = ("", "/config", "/plan", "/exceptions", "/checkpoints", "/checkpoints/config", "/jobmanager/config")
OF_A_CLUSTER = ("/config", "/jobmanager/config", "/jobmanager/environment", "/jobs/overview", "/taskmanagers")


@pytest.fixture(scope="module", params=[pytest.param("postgres", marks=pytest.mark.proof), "rest"])
def plant_on(
    request: pytest.FixtureRequest, stack: Stack, registry: Registry, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Plant]:
    """A plant whose job has run, continued from a savepoint, and failed in every way that involves a secret."""
    folder, number = tmp_path_factory.mktemp("secrets"), registry.register("readings", READING)
    with stack.plant(request.param, folder, registry=registry.settings()) as plant:
        in_avro(plant).produce([b"broken", *(reading(number, n) for n in range(READINGS))])
        first = plant.submit()
        assert sum(balance.good for balance in plant.follow()) == READINGS
        savepoint = plant.cluster.stop(first.id)
        second = plant.submit(restore=savepoint).id
        _make_the_registry_fail(plant, registry, second)
        _make_the_job_fail(plant, second, number)
        yield plant


def leaks(secrets: Secrets, text: str) -> list[str]:
    """Return the names of the secrets in the text, in any quoting."""
    return [name for name in secrets.NAMES if secrets.mark(name) in text]


def test_rendered_sql_and_a_stored_plan_hold_only_references(plant_on: Plant, stack: Stack) -> None:
    shown = statements.text(statements.of_job(plant_on.project, plant_on.settings, JOB))
    assert "${file:" in shown
    kept = submission.prepare(plant_on.project, plant_on.settings, JOB).plan.to_text()
    assert leaks(stack.secrets, shown + kept) == []


def test_flinks_explanation_of_a_job_holds_no_secret(plant_on: Plant, stack: Stack) -> None:
    assert leaks(stack.secrets, flink_plans.explain(plant_on.project, plant_on.settings, JOB)) == []


def test_flinks_rest_api_shows_no_secret(plant_on: Plant, stack: Stack) -> None:
    answers = dict(_answers_of_flink(plant_on.settings))
    assert any("exceptions" in path and '"stacktrace"' in text for path, text in answers.items()), (
        "no failure to search"
    )
    assert {path: names for path, text in answers.items() if (names := leaks(stack.secrets, text))} == {}


def test_no_file_of_cluster_or_project_holds_a_secret(plant_on: Plant, stack: Stack) -> None:
    places = [stack.folder / "flink", stack.folder / "home", plant_on.project.root]
    files = [path for place in places for path in place.rglob("*") if path.is_file()]
    assert {"jobmanager.log", "taskmanager.log"} <= {path.name for path in files}
    assert {str(path): names for path in files if (names := leaks(stack.secrets, _text(path)))} == {}


def test_no_object_in_the_store_holds_a_secret(plant_on: Plant, stack: Stack) -> None:
    assert plant_on.cluster.jobs()
    store = load_file_io(resolved(stack.catalog("postgres", stack.folder).pyiceberg()))
    assert isinstance(store, PyArrowFileIO)
    system = store.fs_by_scheme("s3", None)
    infos = system.get_file_info(FileSelector(FILES, recursive=True))
    objects = {each.path: system.open_input_file(each.path).read() for each in infos if each.is_file}
    assert any("/savepoints/" in path for path in objects), [*objects]
    assert {path: names for path, data in objects.items() if (names := leaks(stack.secrets, _decoded(data)))} == {}


def test_no_row_of_a_table_holds_a_secret(plant_on: Plant, stack: Stack) -> None:
    rows = plant_on.query("select * from historian.dead_letters")
    assert rows
    assert leaks(stack.secrets, str(rows)) == []


def test_no_process_is_started_with_a_secret(plant_on: Plant, stack: Stack) -> None:
    assert plant_on.cluster.jobs()
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            assert leaks(stack.secrets, " ".join(process.cmdline())) == [], process.name()


def test_a_failure_to_submit_is_reported_without_secrets(
    plant_on: Plant, stack: Stack, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    away = _away(plant_on.settings)
    with pytest.raises(PlatformError) as by_pyiceberg:
        submission.prepare(plant_on.project, away, JOB)
    with pytest.raises(PlatformError) as by_flink:
        InFlink(plant_on.project, away, "historian.readings").check_reads([])
    printed = capfd.readouterr()
    messages = [str(by_pyiceberg.value), str(by_flink.value), caplog.text, printed.out, printed.err]
    assert leaks(stack.secrets, "\n".join(messages)) == []


def _make_the_registry_fail(plant: Plant, registry: Registry, job_id: str) -> None:
    """Make the registry refuse a schema that the job does not know yet, and then return it."""
    number = registry.register("readings", {**READING, "doc": "The second."})
    registry.status = 403
    try:
        plant.produce([reading(number, READINGS)])
        until(lambda: "answered 403 to user plant" in (plant.cluster.last_failure(job_id) or ""), 120)
    finally:
        registry.status = None
    plant.follow()


def _make_the_job_fail(plant: Plant, job_id: str, number: int) -> None:
    """Drop the job's table, give the job rows to commit, and create the table again."""
    iceberg.connect(plant.settings).drop_table("historian.readings")
    plant.produce(reading(number, n) for n in range(10))
    until(lambda: "answered 403" not in (plant.cluster.last_failure(job_id) or ""), 120)
    plant.cluster.cancel(job_id)
    table_changes.apply(plant.project, plant.settings)


def _away(settings: Settings) -> Settings:
    """Return the settings with a catalog at an address where nothing listens."""
    (port,) = free_ports(1)
    moved = {"port": port} if settings.catalog.type == "postgres" else {"uri": f"http://127.0.0.1:{port}"}
    return settings.model_copy(update={"catalog": settings.catalog.model_copy(update=moved)})


def _answers_of_flink(settings: Settings) -> Iterator[tuple[str, str]]:
    with flink.client(settings) as client:

        def get(path: str) -> Any:
            return client.get(path).text

        jobs = [job["jid"] for job in json.loads(get("/jobs/overview"))["jobs"]]
        managers = [manager["id"] for manager in json.loads(get("/taskmanagers"))["taskmanagers"]]
        for path in (
            *OF_A_CLUSTER,
            *(f"/jobs/{job}{part}" for job in jobs for part in OF_A_JOB),
            *(f"/taskmanagers/{manager}{part}" for manager in managers for part in ("", "/metrics", "/thread-dump")),
        ):
            yield path, get(path)


def _text(path: Path) -> str:
    return _decoded(path.read_bytes())


def _decoded(data: bytes) -> str:
    return data.decode("utf-8", "replace")
