"""What a job is to be: the answers that `headrace new` asks for, each checked, and what it proposes for them."""

from __future__ import annotations

import getpass
import re
from dataclasses import dataclass
from datetime import timedelta

from headrace.compose.sql_text import duration, interval
from headrace.errors import UserError
from headrace.project import job_folder, source_files, yaml_file
from headrace.project.job import JOB_NAME, TOPIC, Job
from headrace.project.paths import Project
from headrace.project.table_files import TABLE_NAME


@dataclass(frozen=True)
class Request:
    """A job over one source: its good readings into the table `sink`, or, with `window`, a row a key and window.

    `name` is `<domain>/<job>_v<N>`, `window` a duration such as 10m.
    """

    name: str
    source: str
    sink: str
    owner: str
    window: str | None = None

    @property
    def span(self) -> timedelta | None:
        return duration(self.window) if self.window else None


def checked_name(text: str) -> str:
    """`text` as the name of a job, `_v1` where it says no version. Raises UserError for what is no name."""
    name = _versioned(text)
    if not JOB_NAME.fullmatch(name):
        near = re.sub(r"[^a-z0-9_/]+", "_", text.lower())
        fix = f"did you mean '{near}'?" if JOB_NAME.fullmatch(_versioned(near)) else "one is condition/hot_pumps"
        raise UserError(f"'{text}' is no name for a job; write <domain>/<job> in lower case", fix=fix)
    return name


def is_taken(project: Project, name: str) -> bool:
    """Whether there is a folder of the job's name."""
    return (project.sql / name).exists()


def checked_source(project: Project, text: str) -> str:
    """`text`, the name of a source. Raises UserError where there is none, or its contract has faults."""
    source_files.load(project, text)
    return text


def checked_sink(text: str) -> str:
    """`text`, the name of a table, which need not be there. Raises UserError for what is none."""
    if text.startswith((TOPIC, "kafka.")):
        fix = f"name a table; the job can write {TOPIC}<topic> beside it, once you add that to writes: in its job.yaml"
        raise UserError(f"'{text}' is a topic, and a job begins with a table", fix=fix)
    if not TABLE_NAME.fullmatch(text):
        raise UserError(f"'{text}' is no name for a table", fix="write <namespace>.<table> in lower case")
    return text


def checked_window(text: str) -> str:
    """`text`, the length of a window. Raises UserError for what is none."""
    try:
        interval(duration(text))
    except ValueError as error:
        raise UserError(f"window: {error}", fix="write a length of time such as 30s, 10m, 1h or 1d") from None
    return text


def free_version(project: Project, name: str) -> str:
    """The job's name, with the first version from its own on that is not taken."""
    stem, _, number = name.rpartition("_v")
    version = int(number)
    while is_taken(project, f"{stem}_v{version}"):
        version += 1
    return f"{stem}_v{version}"


def likely_source(project: Project) -> str | None:
    """The source, where the project has just one."""
    known = source_files.names(project)
    return known[0] if len(known) == 1 else None


def likely_sink(name: str) -> str:
    """A table named as the job; of a later version, which means something else, with its number."""
    return name.removesuffix("_v1").replace("/", ".")


def likely_owner(project: Project, name: str) -> str:
    """Who owns the other jobs of the job's domain, or else who is logged in."""
    domain = name.partition("/")[0]
    beside = [other for other in job_folder.names(project) if other.startswith(f"{domain}/")]
    return yaml_file.load(project.sql / beside[-1] / "job.yaml", Job).owner if beside else getpass.getuser()


def _versioned(text: str) -> str:
    return text if JOB_NAME.fullmatch(text) else f"{text}_v1"
