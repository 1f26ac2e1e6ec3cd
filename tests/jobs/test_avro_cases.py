"""A test case of a job that reads Avro consists of JSON lines and the schema that encodes them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from headrace.authoring import test
from headrace.authoring.test.run import Outcome, outcome
from headrace.environment import settings
from headrace.errors import UserError
from headrace.planner.in_process.minicluster import MiniCluster
from headrace.project import job_folder
from headrace.project.paths import Project
from support import ROOT

SHARED = ("catalogs", "sql/_macros", "sql/_tables")
JOB = "pumps/hot_v1"
SCHEMA = {
    "type": "record",
    "name": "Reading",
    "fields": [
        {"name": "tag", "type": "string"},
        {"name": "ts", "type": {"type": "long", "logicalType": "timestamp-millis"}},
        {
            "name": "data",
            "type": {
                "type": "record",
                "name": "Data",
                "fields": [{"name": "value", "type": ["null", "double"], "default": None}],
            },
        },
        {"name": "q", "type": ["int", "null"]},
    ],
}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    for part in SHARED:
        shutil.copytree(ROOT / part, tmp_path / part)
    shutil.copytree(ROOT / "tests" / "broken" / "good", tmp_path, dirs_exist_ok=True)
    contract = tmp_path / "sql" / "_sources" / "pump_readings.yaml"
    contract.write_text(contract.read_text() + "format: avro\n")
    return Project(tmp_path, tmp_path / "home")


@pytest.fixture(scope="module")
def cluster() -> Iterator[MiniCluster]:
    with MiniCluster(Project.find(ROOT)) as up:
        yield up


def case_of(project: Project) -> Path:
    return project.sql / JOB / "tests" / "hot_and_cold"


def run_case(project: Project, cluster: MiniCluster) -> Outcome:
    (case,) = test.load(project, job_folder.load(project, JOB))
    return outcome(project, settings.load(project, "local"), cluster, case)


def test_lines_are_messages_and_a_line_that_does_not_fit_is_a_dead_letter(
    project: Project, cluster: MiniCluster
) -> None:
    (case_of(project) / "source.pump_readings.avsc").write_text(json.dumps(SCHEMA))
    with (case_of(project) / "source.pump_readings.jsonl").open("a") as messages:
        messages.write('{"tag": "P1.bearing", "ts": "noon"}\n')
    result = run_case(project, cluster)
    assert result.differences == ()
    (problem,) = result.problems
    assert problem.what.startswith("1 rows in historian.dead_letters that no file expects")
    assert "no_schema_id" in problem.what
    assert [row["value"] for row in result.rows["pumps.hot"]] == [100.5]


def test_an_invalid_schema_is_reported_at_its_file(project: Project, cluster: MiniCluster) -> None:
    (case_of(project) / "source.pump_readings.avsc").write_text('{"type": "rekord"}')
    case_of(project).rename(case_of(project).with_name("of_no_schema"))
    (problem,) = run_case(project, cluster).problems
    assert "the schema is not valid Avro" in problem.what
    assert str(problem.where).endswith("source.pump_readings.avsc")


def test_messages_without_a_schema_are_refused(project: Project) -> None:
    with pytest.raises(UserError, match=r"'pump_readings' are avro, and need a schema\n  fix: add source\."):
        test.load(project, job_folder.load(project, JOB))


def test_a_schema_for_a_source_that_is_not_avro_is_refused(project: Project) -> None:
    contract = project.sql / "_sources" / "pump_readings.yaml"
    contract.write_text(contract.read_text().replace("format: avro", "format: json"))
    (case_of(project) / "source.pump_readings.avsc").write_text(json.dumps(SCHEMA))
    with pytest.raises(UserError, match="the job has no source with a schema registry 'pump_readings'"):
        test.load(project, job_folder.load(project, JOB))
