"""Tables do not rot: the work of a commit, a query, status and completeness does not grow with the commits of a table.

A job commits every few seconds for days, in time that is made up; `maintain` runs in between. Work is counted: bytes of
metadata, manifests and data files that are read or written. The proof has 100,000 commits, and also the seconds.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyiceberg.io.pyarrow import PyArrowFile, schema_to_pyarrow
from pyiceberg.table import Table

from headrace.environment import iceberg, kafka, kafka_records, settings, warehouse
from headrace.environment.apply import table_changes
from headrace.environment.kafka import OffsetRange, TopicState
from headrace.environment.settings import Settings
from headrace.operations.lifecycle import observations, status
from headrace.project.paths import Project
from headrace.project.system_tables import COMPLETENESS, DEAD_LETTERS, DEPLOYMENTS, LAST_SEEN, READINGS, TAGS
from headrace.upkeep import completeness
from headrace.upkeep.maintain import Removed, expire, kept, maintain, metadata_files, run
from support import ROOT
from support.worlds.many_commits import Commits, date_back

TOPIC = "plant.readings"
HOUR = timedelta(hours=1)
HEADER = """\
| commits | snapshots kept | metadata file, MB | commit, s | `headrace query`, s | status, s | completeness, s |
|---|---|---|---|---|---|---|"""
TABLES = (READINGS, DEAD_LETTERS, COMPLETENESS, LAST_SEEN, DEPLOYMENTS, TAGS)


@dataclass
class Work:
    """What was read and written: bytes of metadata files, and the number of manifests, lists of them and data files."""

    metadata: int = 0
    files: dict[str, int] = field(default_factory=lambda: {"list": 0, "manifest": 0, "data": 0})

    def add(self, location: str, size: int) -> None:
        name = location.rpartition("/")[2]
        if name.endswith(".metadata.json"):
            self.metadata += size
        else:
            kind = "data" if name.endswith(".parquet") else "list" if name.startswith("snap-") else "manifest"
            self.files[kind] += 1


@dataclass
class Line:
    """A plant whose time is made up, with a job that commits `per_hour` times an hour to the readings."""

    project: Project
    settings: Settings
    patch: pytest.MonkeyPatch
    per_hour: int
    now: datetime
    records: int = 0
    commits: int = 0

    def go_on(self, commits: int) -> None:
        """Make so many commits; the last of them has ten readings."""
        every = HOUR / self.per_hour
        Commits(self.now, every).add(self.settings, READINGS, commits - 1)
        self.now += commits * every
        self.commits += commits - 1
        self.store()
        self.date_back()

    def date_back(self) -> None:
        """Let what was committed just now be of the time that is made up."""
        for name in (READINGS, COMPLETENESS, LAST_SEEN):
            date_back(self.settings, name, self.now)

    def store(self) -> None:
        """Store ten records of the topic as Flink's sink does: with a file, a manifest and a list."""
        table = self.table
        rows = [
            {"tag": f"t{n % 3}", "ts": self.now, "quality": 0, "src_topic": TOPIC, "src_partition": 0, "src_offset": n,
             "src_index": 0}
            for n in range(self.records, self.records + 10)
        ]  # fmt: skip
        table.append(pa.Table.from_pylist(rows, schema_to_pyarrow(table.schema(), include_field_ids=False)))
        self.records += 10
        self.commits += 1

    def maintain(self) -> None:
        """Maintain the tables as the hourly run does."""
        self.patch.setattr(run, "_now", lambda: self.now)
        reports = maintain(self.project, self.settings, [READINGS, COMPLETENESS, LAST_SEEN])
        assert [report.notes for report in reports] == [(), (), ()]

    @property
    def table(self) -> Table:
        return iceberg.load_table(iceberg.connect(self.settings), READINGS)

    def query(self) -> None:
        connection = warehouse.open(self.settings, [READINGS])
        count = warehouse.ask(connection, f"select count(*) from {READINGS}").fetchone()
        assert count == (self.records,)

    def status(self) -> None:
        large = partial(metadata_files.large, self.project, self.settings)
        last = lambda: completeness.last(self.settings).through_of  # noqa: E731 - one line each
        survey = status.survey(self.project, self.settings, (), last, lambda: [str(each) for each in large()])
        assert (survey.unanswered, survey.large_tables) == ([], [])

    def completeness(self) -> None:
        found = completeness.refresh(self.project, self.settings)
        assert [each.next_offset for each in found.partitions] == [self.records]
        assert sum(each.readings for each in found.tags) == self.records

    def steps(self) -> dict[str, Callable[[], None]]:
        return {"commit": self.store, "query": self.query, "status": self.status, "completeness": self.completeness}

    # The broker, as far as it is asked.

    def topic_state(self, _client: object, name: str) -> TopicState:
        return TopicState(name, "id", {0: OffsetRange(0, self.records, 0, None)}, ())

    def next_record(self, _client: object, _name: str, _partition: int, first: int) -> int | None:
        return first if first < self.records else None


class NoJobs:
    """A cluster without jobs."""

    def jobs(self) -> list[object]:
        return []


@contextmanager
def counted(patch: pytest.MonkeyPatch) -> Iterator[Work]:
    """Count what pyiceberg opens and creates."""
    work = Work()
    opened, created = PyArrowFile.open, PyArrowFile.create
    files: list[PyArrowFile] = []

    def opening(file: PyArrowFile, *args: Any, **named: Any) -> Any:
        files.append(file)
        return opened(file, *args, **named)

    def creating(file: PyArrowFile, *args: Any, **named: Any) -> Any:
        files.append(file)
        return created(file, *args, **named)

    with patch.context() as patched:
        patched.setattr(PyArrowFile, "open", opening)
        patched.setattr(PyArrowFile, "create", creating)
        yield work
    for each in files:
        work.add(each.location, len(each))


def line(folder: Path, patch: pytest.MonkeyPatch, per_hour: int, now: datetime) -> Line:
    project = Project(ROOT, folder)
    known = settings.load(project, "local").model_copy(update={"kafka": {"bootstrap.servers": "127.0.0.1:1"}})
    table_changes.apply(project, known, TABLES)
    made = Line(project, known, patch, per_hour, now)
    patch.setattr(kafka, "topic_state", made.topic_state)
    patch.setattr(kafka_records, "next_record", made.next_record)
    patch.setattr(observations, "_cluster", lambda _settings: NoJobs())
    return made


def test_the_work_is_the_same_however_many_commits_a_table_has_had(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # No midnight lies in these hours: the tags of days would come one after another.
    morning = datetime.now(UTC).replace(hour=5, minute=0, second=0, microsecond=0) - timedelta(days=2)
    plant = line(tmp_path, monkeypatch, 40, morning)
    found: list[dict[str, Work]] = []
    snapshots: list[int] = []
    for hours in ((1, 4, 1), (6, 1)):
        for each in hours:
            plant.go_on(each * 40)
            plant.maintain()
            plant.completeness()
            plant.date_back()
        plant.go_on(40)
        snapshots.append(len(plant.table.snapshots()))
        works = {}
        for name, step in plant.steps().items():
            with counted(monkeypatch) as works[name]:
                step()
        plant.date_back()
        found.append(works)
    before, after = found
    assert plant.commits > 40 * 13
    assert snapshots[1] - snapshots[0] in range(-5, 6)
    assert max(snapshots) < (kept.RECENT + 2 * HOUR) / HOUR * 40
    for name in before:
        # A metadata file lists up to a hundred earlier ones, which come one by one; a snapshot has 1 kB.
        assert after[name].metadata - before[name].metadata < 60_000, (name, before, after)
        for kind, count in before[name].files.items():
            assert after[name].files[kind] <= count + 3, (name, kind, before, after)


@pytest.mark.proof
def test_a_hundred_thousand_commits_cost_what_a_thousand_cost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Print the table of docs/operations.md: a job commits every 5 seconds for six days, in time that is made up."""
    now = datetime.now(UTC)
    plant = line(tmp_path, monkeypatch, 720, now - 142 * HOUR)
    # To delete the files of 100,000 snapshots takes minutes; each run costs what came since the last one.
    monkeypatch.setattr(expire, "_remove", lambda *_: Removed())
    rows = []
    with capsys.disabled():
        print(f"\n{HEADER}", flush=True)  # noqa: T201 - the figures
    for commits in (1_000, 10_000, 100_000):
        while plant.commits < commits - 720:
            plant.go_on(min(12 * 720, commits - 720 - plant.commits))
            plant.maintain()
            plant.completeness()
            plant.date_back()
        # An hour has passed since `maintain` has run.
        plant.go_on(720)
        rows.append(Figures.of(plant))
        with capsys.disabled():
            print(rows[-1].row, flush=True)  # noqa: T201 - the figures
    first, *_, last = rows
    assert last.snapshots < (kept.RECENT + 2 * HOUR) / HOUR * 720
    assert last.metadata < 4_500_000
    # A thousand commits take an hour and a half, so no snapshot has expired yet: four hours of them stay, and no more.
    assert all(seconds < 5 * first.seconds[name] + 5 for name, seconds in last.seconds.items())


@dataclass(frozen=True)
class Figures:
    """What is measured after so many commits: bytes of the metadata file, and CPU seconds of each step."""

    commits: int
    snapshots: int
    metadata: int
    seconds: dict[str, float]

    @classmethod
    def of(cls, plant: Line) -> Figures:
        table, commits = plant.table, plant.commits
        seconds = {}
        steps = plant.steps() | {"query": partial(in_a_process, plant)}
        for name, step in steps.items():
            before = cpu()
            step()
            seconds[name] = cpu() - before
        size = Path(table.metadata_location.removeprefix("file://")).stat().st_size
        return cls(commits, len(table.snapshots()), size, seconds)

    @property
    def row(self) -> str:
        cells = [f"{self.commits:,}", f"{self.snapshots:,}", f"{self.metadata / 1e6:.1f}"]
        cells += [f"{self.seconds[name]:.1f}" for name in ("commit", "query", "status", "completeness")]
        return f"| {' | '.join(cells)} |"


def in_a_process(plant: Line) -> None:
    """Run the query as a user does."""
    where = {**os.environ, "HEADRACE_PROJECT": str(ROOT), "HEADRACE_HOME": str(plant.project.home)}
    command = [sys.executable, "-m", "headrace", "query", f"select count(*) from {READINGS}"]
    done = subprocess.run(command, env=where, capture_output=True, text=True, check=True, timeout=200)
    assert f"{plant.records:,}" in done.stdout or str(plant.records) in done.stdout


def cpu() -> float:
    """Return the CPU seconds of this process and of those that it has waited for."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime
