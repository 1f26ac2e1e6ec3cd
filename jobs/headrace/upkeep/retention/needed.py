"""The readings that windows still need: they are kept, however old they are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from pyiceberg.catalog import Catalog

from headrace.errors import UserError
from headrace.operations import deleted_rows
from headrace.project import job_folder, readings_table, source_files
from headrace.project.job import Job
from headrace.project.paths import Project
from headrace.project.system_tables import DIRTY_WINDOWS
from headrace.upkeep.recompute import dirty
from headrace.upkeep.recompute.replace_rows import closed_before


@dataclass(frozen=True)
class Needed:
    """Rows from the time `since` on are needed; `why` is a sentence."""

    since: datetime
    why: str


def needed(project: Project, catalog: Catalog, name: str) -> Needed | None:
    """Return from when on windows need the rows of the table; None if none does. Raises UserError, PlatformError."""
    needs = [need for job in _computed_from(project, name) for need in _needs(catalog, job, name)]
    return min(needs, key=lambda each: each.since, default=None)


def _computed_from(project: Project, name: str) -> Iterator[Job]:
    for job in job_folder.jobs(project):
        if job.window:
            source = source_files.load(project, job.sources[0])
            try:
                table = readings_table.readings_table(project, job, source)[1]
            except UserError:  # its windows cannot be computed from any table
                continue
            if table == name:
                yield job


def _needs(catalog: Catalog, job: Job, name: str) -> Iterator[Needed]:
    (table,) = job.tables_written
    if catalog.table_exists(table) and (last := closed_before(catalog, table)):
        yield Needed(last, f"{job.name} may still write windows from {last:%Y-%m-%d %H:%M} UTC on")
    if catalog.table_exists(DIRTY_WINDOWS):
        gone = deleted_rows.of(catalog, [name])
        waiting = [
            each.window_start
            for each in dirty.pending(catalog, job)
            if not any(rows.includes(each.key, each.window_start) for rows in gone)
        ]
        if waiting:
            first = min(waiting)
            why = f"windows of {job.name} from {first:%Y-%m-%d %H:%M} UTC on wait for headrace recompute {job.name}"
            yield Needed(first, why)
