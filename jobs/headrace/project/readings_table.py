"""Which job keeps every reading of a source, in which table: what was late for windows is read from there."""

from __future__ import annotations

from headrace.errors import UserError
from headrace.project import job_folder, table_files, yaml_file
from headrace.project.job import Job
from headrace.project.paths import Project
from headrace.project.system_tables import POSITION
from headrace_udfs.contract import Contract

CAME = "ingested_at"
"""The column that says when a reading was taken in."""


def columns(source: Contract) -> list[str]:
    """Those that such a table has of each reading: its values, its time and quality, and when it came from where."""
    return [*source.fields, "ts", "quality", CAME, *POSITION]


def readings_table(project: Project, job: Job, source: Contract) -> tuple[str, str]:
    """The job and the table that keep every reading of the job's source, and when it came. Raises UserError."""
    wanted = set(columns(source))
    found = [
        (other.version, other.name, table)
        for other in job_folder.jobs(project)
        if other.keeps_every_record and job.sources[0] in other.sources
        for table, described in table_files.pick(project, other.tables_written).items()
        if wanted <= described.columns.keys()
    ]
    if found:
        _, name, table = max(found)
        return name, table
    raise UserError(
        f"no table has all readings of '{job.sources[0]}', of which windows could be computed anew",
        yaml_file.place(project.sql / job.name / "job.yaml", ("window",)),
        f"have a job with keeps_every_record: true write {', '.join(sorted(wanted))} of each",
    )
