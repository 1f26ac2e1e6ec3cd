"""The section Ten minutes of docs/analyst.md, done as the page says: its files written, its commands run."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

from headrace.environment import settings
from headrace.environment.flink_rest import Cluster
from headrace.project import source_files
from headrace.project.paths import Project
from support import ROOT

PAGE = ROOT / "docs" / "analyst.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"`(sql/[^`]+)`")
EXITS_WITH = re.compile(r"# exits with (\d)$")
SET_UP = "./run demo"
PARTITIONS = 2
JOB = "condition/cold_hours_v1"

# A part of the output of each command, so that none succeeds without doing anything.
PRINTS = {
    "new": "written sql/condition/cold_hours_v1/job.yaml",
    "test": "two_windows",
    "try": "R80711.outdoor_temperature",
    "plan": JOB,
    "tables": "condition.cold_hours",
    "submit": f"{JOB} is running as job",
    "query": "window_start",
    "check": "a tag has one row per window",
    "stop": f"{JOB} has stopped",
}


@dataclass(frozen=True)
class Step:
    """A command to run and its exit code; or a text to write into `file`."""

    text: str
    file: str | None = None
    code: int = 0


def steps(page: str) -> Iterator[Step]:
    """Yield the steps of the section Ten minutes. The paragraph above a block that is not a command names its file."""
    section = page.split("## Ten minutes\n")[1].split("\n## ", maxsplit=1)[0]
    end = 0
    for block in BLOCK.finditer(section):
        before, end = section[end : block.start()], block.end()
        if block[1] == "sh":
            for line in block[2].splitlines():
                comment = EXITS_WITH.search(line)
                yield Step(line, code=int(comment[1]) if comment else 0)
        else:
            yield Step(block[2], file=FILE.findall(before)[-1])


@pytest.fixture
def project(platform: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """The project under git, with tables and a topic for this test."""
    without = shutil.ignore_patterns("__pycache__")
    for part in ("sql", "catalogs", "udfs", "jobs/table_api"):
        shutil.copytree(platform.root / part, tmp_path / part, ignore=without)
    name = uuid.uuid4().hex[:8]
    for file in [*tmp_path.glob("sql/_sources/*.yaml"), *tmp_path.glob("sql/_topics/*.yaml")]:
        file.write_text(file.read_text().replace("\ntopic: ", f"\ntopic: {name}."))
    for command in ("init -q", "add .", "-c user.name=a -c user.email=a@b.example commit -q -m start"):
        subprocess.run(["git", *command.split()], cwd=tmp_path, check=True)
    monkeypatch.setenv("HEADRACE_PROJECT", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "160")  # wide enough that no tag is wrapped
    monkeypatch.setenv("FLINK_HOME", str(platform.root / ".headrace" / "flink"))
    monkeypatch.setenv("HEADRACE_CATALOG__PATH", str(tmp_path / "catalog.db"))
    monkeypatch.setenv("HEADRACE_CATALOG__WAREHOUSE", f"file://{tmp_path / 'warehouse'}")
    project = Project(tmp_path, platform.home)
    _produce(settings.load(project, "local").kafka_client(), source_files.load(project, "plant_readings").topic)
    yield project
    cluster = Cluster.of(settings.load(project, "local"))
    if running := cluster.running(JOB):
        cluster.cancel(running.id)


def _produce(client: dict[str, str], topic: str) -> None:
    """Send six hours of readings of two turbines, one of them below freezing: a small version of `./run demo`."""
    admin = AdminClient(client)
    admin.create_topics([NewTopic(topic, PARTITIONS, 1)])[topic].result(timeout=30)
    producer = Producer(client)
    for minute in range(0, 6 * 60, 10):
        for partition, (turbine, warmth) in enumerate({"R80711": -3.0, "R80721": 3.0}.items()):
            ts = 1_388_534_400_000 + minute * 60_000
            reading = {"tag": f"{turbine}.outdoor_temperature", "ts": ts, "value": warmth, "q": 192}
            producer.produce(topic, json.dumps(reading), partition=partition)
    assert producer.flush(30) == 0


@pytest.mark.timeout(1200)
@pytest.mark.proof
def test_the_ten_minutes_of_the_page_work(project: Project) -> None:
    commands = 0
    for step in steps(PAGE.read_text()):
        if step.file:
            assert (project.root / step.file).is_file(), f"{step.file} does not exist, but the page says so"
            (project.root / step.file).write_text(step.text)
        elif step.text != SET_UP:
            _run(project, step)
            commands += 1
    assert commands > len(PRINTS)


def _run(project: Project, step: Step) -> None:
    runner, program, *arguments = shlex.split(step.text, comments=True)
    assert (runner, program) == ("./run", "headrace"), f"unknown command: {step.text}"
    headrace = Path(sys.executable).with_name("headrace")
    ran = subprocess.run(
        [str(headrace), *arguments], cwd=project.root, capture_output=True, text=True, timeout=300, check=False
    )
    output = f"$ {step.text}\n{ran.stdout}{ran.stderr}"
    print(output)  # noqa: T201 - pytest shows it if the test fails: all that the analyst would have seen
    assert ran.returncode == step.code, output
    assert PRINTS.get(arguments[0], "") in ran.stdout, output
