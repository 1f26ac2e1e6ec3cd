"""job.yaml: what a job reads, what each record passes through, what it writes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, field_validator

from headrace import yamlfile
from headrace.errors import Place, Problem, UserError
from headrace.project import Project
from headrace_udfs.steps import STEPS

JOB_NAME = re.compile(r"(?P<domain>[a-z][a-z0-9_]*)/(?P<name>[a-z][a-z0-9_]*)_v(?P<version>[1-9][0-9]*)")
_TABLE_NAME = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*")

Param = str | int | float | bool


def _input(text: str) -> str:
    kind, _, name = text.partition("/")
    if kind == "source" and re.fullmatch(r"[a-z][a-z0-9_]*", name):
        return text
    if kind == "table" and _TABLE_NAME.fullmatch(name):
        return text
    raise ValueError(f"'{text}' names no input; write source/<contract> or table/<namespace>.<table>")


def _step(text: str) -> str:
    if text not in STEPS:
        raise ValueError(f"no step is called '{text}'; there are: {', '.join(STEPS)}")
    return text


class Job(yamlfile.Model):
    """A job folder's job.yaml."""

    kind: Literal["job"]
    name: str
    owner: str
    description: str
    grain: str
    reads: list[Annotated[str, AfterValidator(_input)]] = Field(min_length=1)
    through: list[Annotated[str, AfterValidator(_step)]] = []
    writes: dict[str, Literal["append"]] = Field(min_length=1)
    params: dict[str, Param] = {}

    @field_validator("name")
    @classmethod
    def _named_like_a_job(cls, name: str) -> str:
        if not JOB_NAME.fullmatch(name):
            raise ValueError(f"'{name}' is no job name; write <domain>/<job>_v<N> in lower case")
        return name

    @property
    def version(self) -> int:
        """The N of `_vN`: raised when what the job writes changes its meaning."""
        match = JOB_NAME.fullmatch(self.name)
        assert match, "validated on load"  # noqa: S101 - narrows the type; the validator has refused all else
        return int(match["version"])

    @property
    def sources(self) -> list[str]:
        return [name.removeprefix("source/") for name in self.reads if name.startswith("source/")]

    @property
    def tables(self) -> list[str]:
        return [name.removeprefix("table/") for name in self.reads if name.startswith("table/")]


@dataclass(frozen=True)
class JobFolder:
    """A job with the templates that stand beside its job.yaml: sink table to template file."""

    job: Job
    path: Path
    templates: dict[str, Path]


def load(project: Project, name: str) -> JobFolder:
    """The job called `name` (`<domain>/<job>_v<N>`). Raises UserError with all that is wrong in the folder."""
    folder = project.sql / name
    if not JOB_NAME.fullmatch(name) or not (folder / "job.yaml").is_file():
        known = ", ".join(names(project)) or "none yet"
        raise UserError(f"there is no job '{name}'", Place.of(folder / "job.yaml"), f"jobs of this project: {known}")
    job = yamlfile.load(folder / "job.yaml", Job)
    templates = {p.name.removesuffix(".sql.j2"): p for p in sorted(folder.glob("[!_]*.sql.j2"))}
    if problems := _mismatches(job, name, folder, templates):
        raise UserError(problems)
    return JobFolder(job, folder, templates)


def names(project: Project) -> list[str]:
    """Names of all job folders, sorted."""
    found = (p.parent.relative_to(project.sql).as_posix() for p in project.sql.glob("*/*/job.yaml"))
    return sorted(n for n in found if JOB_NAME.fullmatch(n))


def _mismatches(job: Job, name: str, folder: Path, templates: dict[str, Path]) -> list[Problem]:
    file = folder / "job.yaml"
    problems = []
    if job.name != name:
        where = yamlfile.place(file, ("name",))
        problems.append(Problem(f"name is '{job.name}', the folder says '{name}'", where, f"write name: {name}"))
    for sink in job.writes:
        if not _TABLE_NAME.fullmatch(sink):
            where = yamlfile.place(file, ("writes", sink))
            problems.append(Problem(f"'{sink}' names no table", where, "write <namespace>.<table>"))
        elif sink not in templates:
            where = yamlfile.place(file, ("writes", sink))
            problems.append(Problem(f"no template for the sink '{sink}'", where, f"add {sink}.sql.j2 beside job.yaml"))
    for sink, path in templates.items():
        if sink not in job.writes:
            fix = f"add '{sink}: append' under writes: in job.yaml, or remove the file"
            problems.append(Problem(f"job.yaml does not write '{sink}'", Place.of(path), fix))
    return problems
