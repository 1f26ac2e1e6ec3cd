"""Functions of a project's own in jobs, and docs/functions.md: its folders have no fault, and its SELECT is a job."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from headrace.authoring import functions, test
from headrace.environment import settings
from headrace.project import job_folder
from headrace.project.paths import Project
from support import ROOT

MADE = ROOT / "tests" / "function_jobs"
JOB, ON_THE_PAGE = "fleet/rul_v1", "docs/power_v1"
POWER_JOB = """\
kind: job
name: docs/power_v1
owner: tests
description: The job of docs/functions.md.
grain: one row per reading
reads: [source/plant_readings]
{functions}
writes: {{table/docs.power: append}}
"""
POWER_TABLE = """\
description: The power of the wind.
owner: tests
grain: one row per reading
columns:
  tag: {type: string, doc: "Name of the measured point"}
  ts: {type: timestamptz, doc: "When", unit: UTC}
  wind_kw: {type: double, doc: "Power of the wind", unit: kW}
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    for part in ("catalogs", "sql/_macros", "sql/_sources", "sql/_tables", "k8s/image"):
        shutil.copytree(ROOT / part, tmp_path / part)
    shutil.copytree(MADE, tmp_path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    write_page(tmp_path)
    return Project(tmp_path, tmp_path / ".headrace")


def blocks(language: str) -> list[str]:
    page = (ROOT / "docs" / "functions.md").read_text()
    return re.findall(f"```{language}\n(.*?)```", page, re.DOTALL)


def write_page(root: Path) -> None:
    """Write the folders and the job that the page shows."""
    python, job, onnx, _ = blocks("yaml")
    for folder, text in (("air_power", python), ("rul_network", onnx)):
        (root / "udfs" / folder).mkdir(exist_ok=True)
        (root / "udfs" / folder / "function.yaml").write_text(text)
    (module,) = blocks("python")
    (root / "udfs" / "air_power" / "function.py").write_text(module)
    (root / "udfs" / "air_power" / "air.json").write_text('{"density": 1.225}')
    written = root / "sql" / ON_THE_PAGE
    case = written / "tests" / "wind"
    case.mkdir(parents=True)
    (written / "job.yaml").write_text(POWER_JOB.format(functions=job))
    (select,) = blocks("sql")
    (written / "docs.power.sql.j2").write_text(select)
    (root / "sql" / "_tables" / "docs.power.yaml").write_text(POWER_TABLE)
    values = [10.0, -1.0]
    messages = [
        {"tag": "R80711.wind_speed", "ts": 1_767_261_600_000 + n, "value": value, "q": 192}
        for n, value in enumerate(values)
    ]
    (case / "source.plant_readings.jsonl").write_text("".join(json.dumps(each) + "\n" for each in messages))
    (case / "expect.docs.power.csv").write_text("tag,wind_kw\nR80711.wind_speed,3234.6230661\nR80711.wind_speed,\n")
    (case / "case.yaml").write_text("tolerance: 1.0e-6\n")


def test_jobs_call_functions_of_their_project_and_a_row_on_which_one_raises_has_a_null(project: Project) -> None:
    """The limit of the fleet of engine e4 is 0, by which cycle_load divides; other rows of its batch have results."""
    cases = [case for job in (JOB, ON_THE_PAGE) for case in test.load(project, job_folder.load(project, job))]
    outcomes = list(test.run(project, settings.load(project, "local"), cases))
    assert [outcome.passed for outcome in outcomes] == [True, True], outcomes
    (broken,) = [row for row in outcomes[0].rows["fleet.rul"] if row["engine"] == "e4"]
    assert broken["load"] is None
    assert broken["rul"] is not None


@pytest.mark.parametrize("name", ["air_power", "rul_network"])
def test_the_functions_of_the_page_have_no_fault(project: Project, name: str) -> None:
    assert functions.problems(project, name) == []
    assert functions.run(project, name).passed
