"""What the jobs that follow a table with ref() still have to read of it: they continue from the snapshot they reached.

Only its state has the place that a job has reached in a table. The job had read at least what came before its last
commit to its own tables, which it makes with each checkpoint that has rows, and with every tenth that has none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pyiceberg.catalog import Catalog

from headrace.environment import iceberg
from headrace.operations.ledger import ALIVE, Entry
from headrace.operations.lifecycle.expired_commits import JOB_ID, committed_ms, of_expired
from headrace.project import job_folder
from headrace.project.job import Job
from headrace.project.paths import Project

HELD_FOR = timedelta(days=3)
"""How long the snapshots stay that a job has yet to read: as long as it may be stopped and continue. After that, the
table would be too slow for all others."""
_MARGIN = timedelta(minutes=10)
"""A commit contains what was read a checkpoint and a look at the table before."""


@dataclass(frozen=True)
class Need:
    """The snapshots from `since` on are those that `job` has yet to read."""

    job: str
    since: datetime

    @property
    def sentence(self) -> str:
        """Why snapshots stay, and what ends it."""
        return (
            f"every snapshot since {self.since:%Y-%m-%d %H:%M} UTC stays, {HELD_FOR.days} days at most, because "
            f"{self.job} follows the table and has stored nothing since: see headrace status {self.job}"
        )


def needs(
    project: Project, catalog: Catalog, histories: Mapping[str, Sequence[Entry]], now: datetime
) -> dict[str, Need]:
    """Return by table the need of the job that follows it and is furthest behind. Raises UserError, PlatformError."""
    found: dict[str, Need] = {}
    # Of others, no file is read: a job that is being written may have faults.
    for name in histories.keys() & {*job_folder.names(project)}:
        job, history = job_folder.job_of(project, name), histories[name]
        if not job.jobs or not _continues(history):
            continue
        need = Need(job.name, max(_reached(catalog, job, history) - _MARGIN, now - HELD_FOR))
        for table in _followed(project, job):
            if table not in found or need.since < found[table].since:
                found[table] = need
    return found


def _continues(history: Sequence[Entry]) -> bool:
    return history[-1].step not in {"bounded", "finished"}


def _followed(project: Project, job: Job) -> Iterator[str]:
    for name in job.jobs:
        followed = job_folder.job_of(project, name)
        yield from (table for table in followed.tables_written if followed.writes[table] == "append")


def _reached(catalog: Catalog, job: Job, history: Sequence[Entry]) -> datetime:
    """Return a time that the job had certainly reached: of its last commit, of its stop or, without any, of its start.

    A job that writes no table is taken to have reached the present unless it was stopped.
    """
    stopped = [entry.at for entry in history if entry.step == "stopping" and entry.at]
    if not job.tables_written and history[-1].step in ALIVE:
        return datetime.now(UTC)
    ids = {entry.flink_job_id for entry in history}
    known = [*stopped, *(at for table in job.tables_written for at in _commits(catalog, table, ids))]
    return max(known or [entry.at for entry in history if entry.at])


def _commits(catalog: Catalog, table: str, ids: set[str]) -> Iterator[datetime]:
    if not catalog.table_exists(table):
        return
    for snapshot in iceberg.load_table(catalog, table).snapshots():
        if snapshot.summary and snapshot.summary[JOB_ID] in ids:
            yield _time(committed_ms(snapshot))
        yield from (_time(last.timestamp_ms) for job, last in of_expired(snapshot).items() if job in ids)


def _time(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)
