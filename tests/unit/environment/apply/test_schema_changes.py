"""Schemas of topics are registered once; a registry that refuses one, or does not answer, is reported."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import httpx
import pytest

from headrace.environment import settings
from headrace.environment.apply import schema_changes
from headrace.environment.schema_registry import SchemaRegistry
from headrace.environment.settings import Settings
from headrace.errors import PlatformError, UserError
from headrace.project.paths import Project
from headrace_udfs import registry
from support import ROOT

TOPIC = """\
description: Alerts.
topic: {name}
key: [tag]
columns:
  tag: {{type: string, required: true, doc: "Measured point"}}
  value: {{type: double, doc: "Measured value", unit: degC}}
{more}"""


class Subjects:
    """A registry in memory, which refuses what is called Bad."""

    def __init__(self) -> None:
        self.known: dict[tuple[str, str], int] = {}
        self.status = 200

    def answer(self, request: httpx.Request) -> httpx.Response:
        if self.status != 200:
            return httpx.Response(self.status)
        body = json.loads(request.content)
        _, subject, *versions = request.url.path.strip("/").split("/")
        if not versions:
            found = self.known.get((subject, body["schema"]))
            if found is None:
                return httpx.Response(404, json={"error_code": 40403})
            return httpx.Response(200, json={"id": found, "schema": body["schema"]})
        if "Bad" in body["schema"]:
            return httpx.Response(409, json={"error_code": 409, "message": "it lacks a default"})
        number = self.known.setdefault((subject, body["schema"]), len(self.known) + 1)
        return httpx.Response(200, json={"id": number})


@pytest.fixture
def subjects(monkeypatch: pytest.MonkeyPatch) -> Subjects:
    made = Subjects()
    monkeypatch.setattr(httpx, "Client", partial(httpx.Client, transport=httpx.MockTransport(made.answer)))
    monkeypatch.setattr(registry, "FIRST_WAIT_S", 0)
    return made


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "sql" / "_topics").mkdir(parents=True)
    shutil.copytree(ROOT / "catalogs", tmp_path / "catalogs")
    return Project(tmp_path, tmp_path / ".headrace")


@pytest.fixture
def with_registry(project: Project) -> Settings:
    known = settings.load(project, "local")
    return known.model_copy(update={"schema_registry": SchemaRegistry(url="https://registry.example")})


@pytest.fixture
def write(project: Project) -> Callable[..., None]:
    def written(name: str, more: str = "format: avro\n") -> None:
        (project.sql / "_topics" / f"{name}.yaml").write_text(TOPIC.format(name=name, more=more))

    return written


def test_a_schema_is_registered_once(
    project: Project, with_registry: Settings, subjects: Subjects, write: Callable[..., None]
) -> None:
    write("alerts")
    write("plain", "")
    assert [each.subject for each in schema_changes.missing(project, with_registry)] == ["alerts-value"]
    assert schema_changes.apply(project, with_registry) == ["alerts-value"]
    assert schema_changes.apply(project, with_registry) == []
    assert [each.number for each in schema_changes.plan(project, with_registry)] == [1]
    assert [subject for subject, _ in subjects.known] == ["alerts-value"]


def test_a_refused_schema_does_not_keep_another_from_being_registered(
    project: Project, with_registry: Settings, subjects: Subjects, write: Callable[..., None]
) -> None:
    write("alerts", "format: avro\nmessage: Bad\n")
    write("others")
    with pytest.raises(UserError) as raised:
        schema_changes.apply(project, with_registry)
    assert "alerts.yaml: the registry refuses its schema under alerts-value: it lacks a default" in str(raised.value)
    assert "add others without `required: true`" in str(raised.value)
    assert [subject for subject, _ in subjects.known] == ["others-value"]


@pytest.mark.usefixtures("subjects")
def test_without_a_registry_nothing_is_registered(project: Project, write: Callable[..., None]) -> None:
    write("alerts")
    assert schema_changes.apply(project, settings.load(project, "local")) == []


def test_a_registry_that_does_not_answer_is_a_fault_of_the_platform(
    project: Project, with_registry: Settings, subjects: Subjects, write: Callable[..., None]
) -> None:
    write("alerts")
    subjects.status = 503
    with pytest.raises(PlatformError, match="answered 503") as raised:
        schema_changes.apply(project, with_registry)
    (problem,) = raised.value.problems
    assert problem.fix == "check its log (schema_registry: in catalogs/)"
    assert "No record is skipped" not in problem.what
