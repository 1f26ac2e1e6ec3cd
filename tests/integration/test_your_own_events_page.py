"""docs/your-own-events.md, done as the page says: its files written, its commands run."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from headrace.environment import settings
from headrace.environment.flink_rest import ENDED, Cluster
from headrace.project.paths import Project
from support import ROOT
from support.worlds.live_plant import until

PAGE = ROOT / "docs" / "your-own-events.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"`([\w./]+\.(?:yaml|j2|jsonl|csv))`")
JOB = "logistics/scans_per_hour_v1"
JOBS = (JOB, "shop/orders_v1")

# A part of the output of each command, so that none succeeds without doing anything.
PRINTS = {
    "test --update": "two_cities",
    "test": "1 passed",
    "lint": "",
    "topics create": "created with 2 partitions",
    "tables apply": "created",
    "tables load": "3 added, 0 changed, 0 removed",
    "send": "4 messages sent",
    "submit": f"{JOB}",
    "query scans": "Hamburg",
    "query code message": "wrong_type",
    "topics create shop_orders": "created",
    "apply": "created",
    "send shop_orders": "6 messages sent",
    "submit shop": "shop/orders_v1",
    "query shop.orders": "sent",
    "query markers": "tombstone",
    "dead-letters": "Miller",
}


@pytest.fixture
def project(platform: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """The project with tables and a topic for this test."""
    for part in ("sql", "catalogs", "udfs", "jobs/table_api"):
        shutil.copytree(platform.root / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setenv("HEADRACE_PROJECT", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.setenv("FLINK_HOME", str(platform.root / ".headrace" / "flink"))
    monkeypatch.setenv("HEADRACE_CATALOG__PATH", str(tmp_path / "catalog.db"))
    monkeypatch.setenv("HEADRACE_CATALOG__WAREHOUSE", f"file://{tmp_path / 'warehouse'}")
    yield Project(tmp_path, platform.home)
    cluster = Cluster.of(settings.load(Project(tmp_path, platform.home), "local"))
    for job in JOBS:
        if running := cluster.running(job):
            cluster.cancel(running.id)


def headrace(project: Project, line: str) -> str:
    words = shlex.split(line.removeprefix("./run headrace "))
    command = [sys.executable, "-m", "headrace", *words]
    done = subprocess.run(command, cwd=project.root, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def test_the_page_does_what_it_says(project: Project) -> None:
    page = re.sub(r"^topic: ", f"topic: {uuid.uuid4().hex[:8]}.", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    cluster, end, expected = Cluster.of(settings.load(project, "local")), 0, dict(PRINTS)
    for block in BLOCK.finditer(page):
        before, end = page[end : block.start()], block.end()
        if block[1] != "sh":
            path = project.root / FILE.findall(before)[-1]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block[2])
            continue
        for line in block[2].splitlines():
            printed = headrace(project, line)
            key = next(each for each in expected if all(word in line for word in each.split()))
            assert expected.pop(key) in printed, f"{line}\n{printed}"
            if " submit " in line:
                until(lambda: all(job.state in ENDED for job in cluster.jobs() if job.name in JOBS), 120)
    assert not expected
    case = project.sql / JOB / "tests" / "two_cities" / "expect.logistics.scans_per_hour.csv"
    assert sorted(case.read_text().splitlines()[1:]) == [
        ",2024-01-01T08:00:00Z,1,1",
        "Hamburg,2024-01-01T08:00:00Z,2,1",
        "Munich,2024-01-01T08:00:00Z,1,1",
    ]
