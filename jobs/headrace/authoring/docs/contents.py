"""Read all files that describe a project."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from headrace.authoring.docs import template_file
from headrace.authoring.docs.template_file import Call, Macro
from headrace.errors import Problem, UserError
from headrace.project import job_folder, source_files, table_files, topic_files
from headrace.project.job_folder import JobFolder
from headrace.project.paths import Project
from headrace.project.table import Table
from headrace.project.topic import Topic
from headrace_udfs.contract import Contract

T = TypeVar("T")

_MACRO_FILES = ("_macros/*.sql.j2", "_macros/checks/*.sql.j2")


@dataclass(frozen=True)
class Contents:
    """The contents of the project's files, by the names in job.yaml and templates; `calls` are those of each job."""

    jobs: Mapping[str, JobFolder]
    sources: Mapping[str, Contract]
    tables: Mapping[str, Table]
    topics: Mapping[str, Topic]
    macros: Mapping[str, Macro]
    calls: Mapping[str, list[Call]]


def read(project: Project) -> Contents:
    """Read the project. Raises UserError with every problem in any of its files."""
    problems: list[Problem] = []

    def tried(load: Callable[[], T]) -> T | None:
        try:
            return load()
        except UserError as error:
            problems.extend(error.problems)
            return None

    def each(names: Iterable[str], load: Callable[[str], T]) -> dict[str, T]:
        return {name: item for name in names if (item := tried(partial(load, name))) is not None}

    macro_files = [path for pattern in _MACRO_FILES for path in sorted(project.sql.glob(pattern))]
    macros = {path.name.removesuffix(".sql.j2"): path for path in macro_files}
    jobs = each(job_folder.names(project), partial(job_folder.load, project))
    contents = Contents(
        jobs,
        each(source_files.names(project), partial(source_files.load, project)),
        tried(partial(table_files.load_all, project)) or {},
        each(topic_files.names(project), partial(topic_files.load, project)),
        each(macros, lambda name: template_file.macro(macros[name])),
        each(jobs, lambda name: _calls(jobs[name])),
    )
    if problems:
        raise UserError(list(dict.fromkeys(problems)))
    return contents


def _calls(folder: JobFolder) -> list[Call]:
    paths = (*folder.templates.values(), *folder.views.values(), *folder.duckdb_templates)
    return [call for path in paths for call in template_file.calls(path)]
