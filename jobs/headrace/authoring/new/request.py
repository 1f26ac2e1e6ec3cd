"""The answers that `headrace new` asks for: check each of them, and propose a default."""

from __future__ import annotations

import getpass
import re
from dataclasses import dataclass
from datetime import timedelta

from headrace.compose.sql_text import duration, interval
from headrace.errors import UserError
from headrace.project import job_folder, source_files, yaml_file
from headrace.project.job import JOB_NAME, OLD_TOPIC, TOPIC, Job
from headrace.project.paths import Project
from headrace.project.table_files import TABLE_NAME


@dataclass(frozen=True)
class Request:
    """A job that writes one source's good readings to the table `sink`; with `window`, one row per key and window.

    `name` is `<domain>/<job>_v<N>`, `window` a duration such as 10m.
    """

    name: str
    source: str
    sink: str
    owner: str
    window: str | None = None

    @property
    def span(self) -> timedelta | None:
        """The length of a window; None without windows."""
        return duration(self.window) if self.window else None


def checked_name(text: str) -> str:
    """Return `text` as the name of a job, with `_v1` added if it has no version. Raises UserError if it is invalid."""
    name = _versioned(text)
    if not JOB_NAME.fullmatch(name):
        near = re.sub(r"[^a-z0-9_/]+", "_", text.lower())
        fix = f"did you mean '{near}'?" if JOB_NAME.fullmatch(_versioned(near)) else "for example condition/hot_pumps"
        raise UserError(f"'{text}' is not a valid job name; write <domain>/<job> in lower case", fix=fix)
    return name


def is_taken(project: Project, name: str) -> bool:
    """Return whether a folder with the job's name exists."""
    return (project.sql / name).exists()


def checked_source(project: Project, text: str) -> str:
    """Return `text`, the name of a source. Raises UserError if the source does not exist or its contract has faults."""
    source_files.load(project, text)
    return text


def checked_sink(text: str) -> str:
    """Return `text`, the name of a table, which need not exist yet. Raises UserError for an invalid name."""
    if text.startswith((TOPIC, TOPIC.replace("/", "."), f"{OLD_TOPIC}/", f"{OLD_TOPIC}.")):
        fix = f"name a table; the job can write {TOPIC}<topic> too, once you add it under writes: in job.yaml"
        raise UserError(f"'{text}' is a topic; a new job writes to a table", fix=fix)
    if not TABLE_NAME.fullmatch(text):
        raise UserError(f"'{text}' is not a valid table name", fix="write <namespace>.<table> in lower case")
    return text


def checked_window(text: str) -> str:
    """Return `text`, the length of a window. Raises UserError for an invalid duration."""
    try:
        interval(duration(text))
    except ValueError as error:
        raise UserError(f"window: {error}", fix="write a duration such as 30s, 10m, 1h or 1d") from None
    return text


def free_version(project: Project, name: str) -> str:
    """Return the job's name with the first free version, counting from its own."""
    stem, _, number = name.rpartition("_v")
    version = int(number)
    while is_taken(project, f"{stem}_v{version}"):
        version += 1
    return f"{stem}_v{version}"


def likely_source(project: Project) -> str | None:
    """Return the project's source if there is exactly one."""
    known = source_files.names(project)
    return known[0] if len(known) == 1 else None


def likely_sink(name: str) -> str:
    """Return a table named after the job; from version 2 on with the version, because its rows mean something else."""
    return name.removesuffix("_v1").replace("/", ".")


def likely_owner(project: Project, name: str) -> str:
    """Return the owner of another job in the same domain, or the current user if there is none."""
    domain = name.partition("/")[0]
    others = [other for other in job_folder.names(project) if other.startswith(f"{domain}/")]
    return yaml_file.load(project.sql / others[-1] / "job.yaml", Job).owner if others else getpass.getuser()


def _versioned(text: str) -> str:
    return text if JOB_NAME.fullmatch(text) else f"{text}_v1"
