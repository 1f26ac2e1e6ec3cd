"""SELECTs of every shape can stand in a sink's template, also those that Flink can validate only once."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from headrace.environment import settings
from headrace.planner.in_process import case
from headrace.planner.in_process.minicluster import MiniCluster
from headrace.planner.in_process.results import run_case
from headrace.planner.in_process.values import Row
from headrace.project import job_folder
from headrace.project.paths import Project
from support import ROOT, macro_fixtures

START_MS = 1_700_000_000_000
_JOB = """\
kind: job
name: shapes/{name}_v1
owner: tests
description: A shape of a SELECT.
grain: one row per event
reads: [source/plant_readings, table/historian.tags]
steps: [enrich]
writes: {{table/shapes.{name}: append}}
"""
_TABLE = """\
description: Rows of a SELECT.
owner: tests
grain: one row per event
columns:
  {name}: {{type: double, doc: "What the SELECT adds", unit: "1"}}
  tag: {{type: string, required: true, doc: "Name of the measured point"}}
  ts: {{type: timestamptz, required: true, doc: "When", unit: UTC}}
  value: {{type: double, doc: "Measured value"}}
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    for part in ("sql", "catalogs"):
        shutil.copytree(ROOT / part, tmp_path / part)
    return Project(tmp_path, tmp_path / ".headrace")


@pytest.fixture(scope="module")
def cluster() -> Iterator[MiniCluster]:
    with MiniCluster(Project.find(ROOT)) as up:
        yield up


def rows(project: Project, cluster: MiniCluster, name: str, sql: str, messages: list[str]) -> list[Row]:
    """Return the rows that a job of this SELECT writes, into a table with the column `name`."""
    folder = project.sql / "shapes" / f"{name}_v1"
    given = folder / "tests" / "it"
    given.mkdir(parents=True)
    (folder / "job.yaml").write_text(_JOB.format(name=name))
    (folder / f"shapes.{name}.sql.j2").write_text(sql)
    (project.sql / "_tables" / f"shapes.{name}.yaml").write_text(_TABLE.format(name=name))
    (given / "source.plant_readings.jsonl").write_text("".join(f"{each}\n" for each in messages))
    (given / "table.historian.tags.csv").write_text("tag,asset\nR1.wind_speed,R1\nR1.active_power,R1\n")
    (only,) = case.load(project, job_folder.load(project, f"shapes/{name}_v1"))
    return run_case(project, settings.load(project, "local"), cluster, only)[f"shapes.{name}"]


def message(second: int, tag: str, value: float) -> str:
    return f'{{"tag": "{tag}", "ts": {START_MS + second * 1000}, "value": {value}, "q": 192}}'


def at(second: int) -> datetime:
    return datetime.fromtimestamp(START_MS / 1000 + second, UTC)


def test_the_documented_as_of_join_stands_in_a_sink(project: Project, cluster: MiniCluster) -> None:
    macro = (project.sql / "_macros" / "as_of.sql.j2").read_text()
    (example,) = re.findall("```sql\n(.*?)```", macro, re.DOTALL)
    messages = [message(0, "R1.wind_speed", 7.0), message(5, "R1.active_power", 900.0), message(600, "other", 0.0)]
    (power,) = rows(project, cluster, "wind_speed", example, messages)
    assert power == {"wind_speed": 7.0, "tag": "R1.active_power", "ts": at(5), "value": 900.0}


def test_match_recognize_stands_in_a_sink(project: Project, cluster: MiniCluster) -> None:
    values = [1.0, 2.0, 9.0, 1.0]
    messages = [*(message(n, "a", value) for n, value in enumerate(values)), message(600, "a", 0.0)]
    (rise,) = rows(project, cluster, "rise", macro_fixtures.PATTERN, messages)
    assert rise == {"rise": 7.0, "tag": "a", "ts": at(2), "value": 9.0}
