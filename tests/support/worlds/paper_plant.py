"""A plant on paper: a real ledger and tables, a cluster that only answers, and jobs that Flink does not plan."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pyarrow as pa
import pytest

from headrace.environment import iceberg, kafka, settings
from headrace.environment.apply import table_changes
from headrace.environment.flink_rest import RunningJob
from headrace.environment.settings import Settings
from headrace.operations import ledger, preflight, submission
from headrace.operations.ledger import DEPLOYMENTS, Entry
from headrace.operations.lifecycle import incarnation, release_process, restore_points
from headrace.operations.lifecycle.expired_commits import CHECKPOINT_ID, JOB_ID
from headrace.operations.lifecycle.job_cluster import JobCluster
from headrace.operations.lifecycle.operation_context import OperationContext
from headrace.planner.state.stored_plan import StoredPlan
from headrace.project import job_folder
from headrace.project.paths import Project
from headrace.project.system_tables import DEAD_LETTERS
from support import ROOT

JOB, READINGS = "historian/readings_v1", "historian.readings"
OLD, NOW = "a" * 32, "b" * 32
PLAN = StoredPlan(None, (), {}, "store", 0).to_text()
READ = {"order_version": 1, "settings": [], "tables": [], "problems": [], "appends": [READINGS]}
"""What a release reports that can run."""


class Stopped(Exception):
    """The running job was stopped."""


@dataclass
class PaperCluster:
    """A cluster on which the incarnations `running` are, with free slots; stopping one raises Stopped."""

    folders: dict[str, str]
    """Flink's settings."""
    free: int = 3
    state_of_jobs: str = "RUNNING"
    running_jobs: dict[str, str] = field(default_factory=lambda: {NOW: JOB})
    """The jobs' names by the incarnations' ids."""
    rest: str = "http://cluster"

    def jobs(self) -> list[RunningJob]:
        return [RunningJob(job_id, name, self.state_of_jobs) for job_id, name in self.running_jobs.items()]

    def listed(self, job_id: str) -> RunningJob | None:
        return next((job for job in self.jobs() if job.id == job_id), None)

    def alive(self, job_id: str) -> bool:
        return job_id in self.running_jobs

    def running(self, name: str) -> RunningJob | None:
        return next((job for job in self.jobs() if job.name == name), None)

    def state(self, _job_id: str) -> str:
        return self.state_of_jobs

    def setting(self, key: str) -> str | None:
        return self.folders.get(key)

    def slots(self) -> tuple[int, int]:
        return self.free, self.free + 1

    def stop(self, _job_id: str) -> str:
        raise Stopped

    def cancel(self, _job_id: str) -> None:
        raise Stopped

    def checkpoints(self, _job_id: str) -> SimpleNamespace:
        return SimpleNamespace(completed=0)

    def last_failure(self, _job_id: str) -> str:
        return "it fails"


class PaperContext(OperationContext):
    """A context whose project's current files are the release `now`."""

    @property
    def release(self) -> str:
        return "now"


@dataclass(frozen=True)
class PaperPlant:
    """A job that was upgraded from the release `old` to `now` and runs; nothing prevents another start of it."""

    project: Project
    settings: Settings
    cluster: PaperCluster
    context: PaperContext

    def write(self, *entries: Entry) -> None:
        for each in entries:
            self.context.write(each)

    def add_rows(self, writer: str, checkpoint: int = 1) -> None:
        """Add a row to the readings as Flink's job `writer` does when it has completed the checkpoint."""
        table = iceberg.load_table(iceberg.connect(self.settings), READINGS)
        values = {"string": "x", "timestamptz": datetime(2026, 1, 1, tzinfo=UTC)}
        row = {each.name: values.get(str(each.field_type), 0) for each in table.schema().fields if each.required}
        rows = pa.Table.from_pylist([row], schema=table.schema().as_arrow())
        table.append(rows, snapshot_properties={JOB_ID: writer, CHECKPOINT_ID: str(checkpoint)})

    def leave_savepoint(self, job_id: str = NOW, state: bytes = b"") -> str:
        """Lay out a savepoint of the incarnation, as far as it is read, with `state` in it; return its path."""
        kept = self.project.root / "savepoints" / f"savepoint-{job_id[:6]}-1"
        kept.mkdir(parents=True)
        (kept / "_metadata").write_bytes(bytes.fromhex("4960672d00000006") + (4).to_bytes(8, "big") + state)
        return kept.as_uri()

    def leave_checkpoint(self, job_id: str = NOW) -> str:
        """Lay out a checkpoint of the incarnation, as far as it is read; return its path."""
        folder = self.project.home / "checkpoints"
        self.cluster.folders[restore_points.CHECKPOINTS] = folder.as_uri()
        kept = folder / job_id / "chk-3"
        kept.mkdir(parents=True)
        (kept / "_metadata").write_bytes(bytes.fromhex("4960672d00000006") + (3).to_bytes(8, "big"))
        return kept.as_uri()


def entry(job_id: str = NOW, step: ledger.Step = "running", **values: Any) -> Entry:
    """A step of the job's incarnation NOW, of the release `now`, or of an earlier one, of the release `old`."""
    release = "now" if job_id == NOW else "old"
    known = Entry("d", JOB, 1, step, job_id, release, release, 1, "http://cluster", "me", plan=PLAN)
    return replace(known, **values)


@contextmanager
def plant(root: Path, patch: pytest.MonkeyPatch) -> Iterator[PaperPlant]:
    """The plant, in the folder `root`; the context holds the deployers' lock until the block ends."""
    for part in ("sql", "catalogs", "jobs/table_api"):
        shutil.copytree(ROOT / part, root / part, ignore=shutil.ignore_patterns("__pycache__"))
    project = Project(root, root / "home")
    known = settings.load(project, "local")
    flink = known.flink.model_copy(update={"parallelism": 1, "rest": PaperCluster.rest, "tls": None})
    nowhere = {"bootstrap.servers": "nowhere:9092"}
    known = known.model_copy(update={"deploy": [JOB], "flink": flink, "kafka": nowhere})
    table_changes.apply(project, known, [DEPLOYMENTS, DEAD_LETTERS, READINGS])
    patch.setattr(submission, "prepare", _prepared)
    patch.setattr(preflight, "start", lambda *_, **__: {})
    patch.setattr(kafka, "offset_ranges", lambda *_: {})
    patch.setattr(release_process, "read", lambda *_, **__: READ)
    for module in (incarnation, import_module("headrace.operations.deploy.plan")):
        patch.setattr(module, "fingerprint", lambda *_: "changed")
    cluster = PaperCluster({restore_points.SAVEPOINTS: (root / "savepoints").as_uri()})
    with ledger.held(known) as (book, owner):
        context = PaperContext(project, known, cast(JobCluster, cluster), book, owner, "d", print)
        world = PaperPlant(project, known, cluster, context)
        world.write(entry(OLD), entry(OLD, "stopped"), entry(NOW))
        yield world


def _prepared(project: Project, _settings: Settings, name: str, **_: Any) -> SimpleNamespace:
    """Return what a job is when it is planned, with the plan PLAN."""
    composition = SimpleNamespace(folder=job_folder.load(project, name))
    return SimpleNamespace(plan=StoredPlan.from_text(PLAN), planned=SimpleNamespace(composition=composition))
