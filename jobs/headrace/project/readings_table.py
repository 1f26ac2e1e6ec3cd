"""The job and the table that keep every reading of a source, from which its windows can be computed again."""

from __future__ import annotations

from headrace.errors import UserError
from headrace.project import job_folder, table_files, yaml_file
from headrace.project.job import Job
from headrace.project.paths import Project
from headrace.project.system_tables import ARRIVAL
from headrace_udfs.contract import Contract


def columns(source: Contract) -> list[str]:
    """Return the columns that such a table must have: a reading's fields, time, quality, arrival and position."""
    return [*source.fields, "ts", "quality", *ARRIVAL]


def readings_table(project: Project, job: Job, source: Contract) -> tuple[str, str]:
    """Return the job and the table that keep every reading of the job's source. Raises UserError if there are none."""
    required = set(columns(source))
    matches = [
        (other.version, other.name, table)
        for other in job_folder.jobs(project)
        if other.keeps_every_record and job.sources[0] in other.sources
        for table, described in table_files.pick(project, other.tables_written).items()
        if required <= described.columns.keys()
    ]
    if matches:
        _, name, table = max(matches)
        return name, table
    raise UserError(
        f"no table has all readings of '{job.sources[0]}' from which windows could be computed again",
        yaml_file.place(project.sql / job.name / "job.yaml", ("window",)),
        f"write a job with keeps_every_record: true that keeps {', '.join(sorted(required))} of each",
    )
