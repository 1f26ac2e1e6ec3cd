"""A page of docs/, done as it says on the platform that tests share: its files written, its commands run."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from headrace.environment import settings
from headrace.environment.flink_rest import Cluster
from headrace.project.paths import Project

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"`([\w./]+\.(?:yaml|j2|jsonl|csv))`")


@contextmanager
def copied(platform: Project, folder: Path, patch: pytest.MonkeyPatch, jobs: tuple[str, ...]) -> Iterator[Project]:
    """Give the project with tables of its own in the folder; cancel its jobs at the end."""
    for part in ("sql", "catalogs", "udfs", "jobs/table_api"):
        shutil.copytree(platform.root / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / ".headrace").symlink_to(platform.root / ".headrace")  # what ./run has set up
    patch.setenv("HEADRACE_PROJECT", str(folder))
    patch.setenv("COLUMNS", "160")
    patch.setenv("HEADRACE_CATALOG__PATH", str(folder / "catalog.db"))
    patch.setenv("HEADRACE_CATALOG__WAREHOUSE", f"file://{folder / 'warehouse'}")
    project = Project(folder, platform.home)
    yield project
    cluster = Cluster.of(settings.load(project, "local"))
    for job in jobs:
        if running := cluster.running(job):
            cluster.cancel(running.id)


def with_own_topics(page: str) -> str:
    """Return the page with topics of its own in its contracts."""
    return re.sub("^topic: ", f"topic: {uuid.uuid4().hex[:8]}.", page, flags=re.MULTILINE)


def commands(project: Project, page: str) -> Iterator[str]:
    """Yield the lines of the page's commands, after the files before them are written.

    A file's name is the last one before it.
    """
    end = 0
    for block in _BLOCK.finditer(page):
        before, end = page[end : block.start()], block.end()
        if block[1] == "sh":
            yield from block[2].splitlines()
            continue
        path = project.root / _FILE.findall(before)[-1]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block[2])


def run(project: Project, line: str, code: int = 0) -> str:
    """Run a line like `./run headrace status`, which must end with the code; return what it prints."""
    words = shlex.split(line.removeprefix("./run headrace "))
    command = [sys.executable, "-m", "headrace", *words]
    done = subprocess.run(command, cwd=project.root, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == code, f"{line}\n{done.stdout}\n{done.stderr}"
    return done.stdout
