"""A Table API job's folder and module are read without running anything, and their faults are reported."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from headrace.errors import UserError
from headrace.project import job_folder, python_module
from headrace.project.paths import Project
from support import ROOT

JOB = """\
kind: table_api
module: hot
name: test/hot_v1
owner: o
description: d
grain: one row per reading
reads: [source/plant_readings]
writes: {table/historian.readings: append}
"""
MODULE = """\
def tables(inputs):
    readings = inputs.on_time("plant_readings")
    return {"historian.readings": readings}
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    for part in ("sql/_sources", "sql/_tables"):
        shutil.copytree(ROOT / part, tmp_path / part)
    write(tmp_path / "sql/test/hot_v1/job.yaml", JOB)
    write(tmp_path / "jobs/table_api/hot.py", MODULE)
    return Project(tmp_path, tmp_path / ".headrace")


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def reported(project: Project) -> str:
    with pytest.raises(UserError) as raised:
        job_folder.load(project, "test/hot_v1")
    return str(raised.value).replace(f"{project.root}/", "")


def test_a_module_replaces_templates(project: Project) -> None:
    folder = job_folder.load(project, "test/hot_v1")
    assert folder.module
    assert folder.templates == {}
    assert folder.module.on_time == {"plant_readings"}
    assert str(folder.place("historian.readings")).endswith("jobs/table_api/hot.py:3")
    assert str(folder.place("topic/alerts")).endswith("jobs/table_api/hot.py:1")


def test_a_missing_module_is_reported_at_its_name(project: Project) -> None:
    write(project.sql / "test/hot_v1/job.yaml", JOB.replace("module: hot", "module: hott"))
    assert reported(project) == ("sql/test/hot_v1/job.yaml:2:1: there is no module 'hott'\n  fix: did you mean 'hot'?")


def test_a_module_with_a_syntax_error_is_reported_at_its_line(project: Project) -> None:
    write(python_module.package(project) / "hot.py", "def tables(inputs):\n    return {\n")
    assert reported(project).startswith("jobs/table_api/hot.py:2:12: not Python: '{' was never closed")


def test_a_module_without_the_function_tables_is_refused(project: Project) -> None:
    write(python_module.package(project) / "hot.py", "def table(inputs):\n    return {}\n")
    assert reported(project).startswith("jobs/table_api/hot.py: the module has no function 'tables'")


def test_all_faults_of_the_folder_are_reported_at_once(project: Project) -> None:
    write(project.sql / "test/hot_v1/job.yaml", JOB.replace("module: hot\n", "").replace("plant_readings", "plant"))
    write(project.sql / "test/hot_v1/historian.readings.sql.j2", "select 1")
    text = reported(project)
    assert "sql/test/hot_v1/job.yaml:1:1: a Table API job requires a module" in text
    assert "sql/test/hot_v1/historian.readings.sql.j2: a Table API job has no templates" in text
    assert "sql/test/hot_v1/job.yaml:6:9: " in text


def test_a_job_of_templates_cannot_have_a_module(project: Project) -> None:
    write(project.sql / "test/hot_v1/job.yaml", JOB.replace("kind: table_api", "kind: job"))
    write(project.sql / "test/hot_v1/historian.readings.sql.j2", "select 1")
    assert reported(project).startswith("sql/test/hot_v1/job.yaml:2:1: a job of templates cannot have a module")
