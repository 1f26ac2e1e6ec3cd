"""One side of a comparison: a job with all the files that it depends on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headrace.authoring.docs import template_file
from headrace.compose.connectors import LiveConnectors
from headrace.compose.job_statements import Composition, compose, leftover_tables
from headrace.environment.masking import masked
from headrace.environment.settings import Settings
from headrace.planner import release as releases
from headrace.planner import session
from headrace.planner.state.differences import plain
from headrace.project import (
    function_files,
    job_folder,
    model_files,
    python_module,
    source_files,
    table_files,
    topic_files,
)
from headrace.project.job import Job
from headrace.project.job_folder import JobFolder
from headrace.project.paths import Project
from headrace.project.table import Table

TABLE_API = "Table API package"
FUNCTION = "function "


@dataclass(frozen=True)
class Side:
    """A job on one side of a comparison.

    `descriptions` are the contents of the YAML files of the job and its sources, tables and topics, and the values of
    the environment that templates use; `texts` are the SQL and the test cases. Both are keyed by the part of the job
    that they describe. `packages` are the files that run in the workers, code and models, by package and path. `model`
    are the files of the version of a model that the job names.
    """

    project: Project
    settings: Settings
    composition: Composition
    tables: Mapping[str, Table]
    descriptions: Mapping[str, Mapping[str, Any]]
    texts: Mapping[str, str]
    packages: Mapping[str, Mapping[str, bytes]]
    model: Mapping[str, bytes]

    @property
    def folder(self) -> JobFolder:
        """The job's folder."""
        return self.composition.folder

    @property
    def plan_inputs(self) -> tuple[object, ...]:
        """Everything that determines Flink's plan: if it is equal on both sides, so are the plans."""
        composition = self.composition
        return (
            composition.setup(),
            {view: select.sql for view, select in composition.views.items()},
            {sink: (select.sql, composition.sinks[sink]) for sink, select in composition.selects.items()},
            composition.leftovers(),
            {source.function: source.pipeline.columns for source in composition.sources},
            self.packages.get(TABLE_API),
            self._signatures,
            self.model,
            {name: table.iceberg_schema() for name, table in self.tables.items()},
            session.job_options(composition.folder.job),
        )

    @property
    def _signatures(self) -> dict[str, bytes | None]:
        """The function.yaml of each of the project's own functions: it has the types that Flink plans with."""
        own = {name: files for name, files in self.packages.items() if name.startswith(FUNCTION)}
        return {name: files.get(function_files.FILE) for name, files in own.items()}


def load(project: Project, settings: Settings, name: str) -> Side:
    """Read the job `name` and everything that it names. Raises UserError with every problem in its files."""
    folder, shown = job_folder.load(project, name), masked(settings)
    composition = compose(project, shown, folder, LiveConnectors(shown))
    job = folder.job
    followed = [table for other in job.jobs for table in job_folder.load(project, other).job.tables_written]
    named = [*job.tables_written, *job.tables, *followed, *leftover_tables(project, shown, folder)]
    tables = table_files.pick(project, dict.fromkeys(named))
    calls = list(_calls(project, folder))
    descriptions = {
        "job": {key: value for key, value in plain(job).items() if key not in ("kind", "name")},
        **{f"source {each}": plain(source_files.load(project, each)) for each in job.sources},
        **{f"table {each}": plain(table) for each, table in tables.items()},
        **{f"topic {each}": plain(topic_files.load(project, each)) for each in job.topics_written},
        "environment": {"vars": {each: shown.vars.get(each) for each in _vars(calls)}},
    }
    texts = {
        **{f"macro {each}": _macro(project, each).read_text(encoding="utf-8") for each in _macros(project, calls)},
        **{f"view {each}": select.sql for each, select in composition.views.items()},
        **{f"SELECT for {each}": select.sql for each, select in composition.selects.items()},
        **{each.name: each.read_text(encoding="utf-8") for each in folder.duckdb_templates},
        **{f"test {each.name}": _contents(each) for each in sorted(folder.path.glob("tests/*/"))},
    }
    packages, model = _packages(project, job), _model(project, job)
    return Side(project, settings, composition, tables, descriptions, texts, packages, model)


def _model(project: Project, job: Job) -> Mapping[str, bytes]:
    return releases.model_package(project, model_files.exact(project, job.model)) if job.model else {}


def _packages(project: Project, job: Job) -> dict[str, Mapping[str, bytes]]:
    """Return the files of the project's own packages that jobs need in the workers."""
    folders = {"UDF package": project.root / "udfs" / "headrace_udfs"}
    if job.runs:
        folders[TABLE_API] = python_module.package(project)
    folders |= {FUNCTION + name: function_files.folder(project, name) for name in job.functions}
    return {name: releases.package_files(folder) for name, folder in folders.items()}


def _calls(project: Project, folder: JobFolder) -> Iterator[template_file.Call]:
    """Yield the calls in the job's templates and in the macros that they call."""
    paths = [*folder.templates.values(), *folder.views.values(), *folder.duckdb_templates]
    seen: set[Path] = set()
    while paths:
        path = paths.pop()
        seen.add(path)
        for call in template_file.calls(path):
            yield call
            macro = _macro(project, call.name)
            if macro.is_file() and macro not in seen:
                paths.append(macro)


def _macro(project: Project, name: str) -> Path:
    folder = project.sql / "_macros"
    path = folder / "checks" / f"{name}.sql.j2"
    return path if path.is_file() else folder / f"{name}.sql.j2"


def _macros(project: Project, calls: list[template_file.Call]) -> list[str]:
    return sorted({call.name for call in calls if _macro(project, call.name).is_file()})


def _vars(calls: list[template_file.Call]) -> list[str]:
    return sorted({call.texts[0] for call in calls if call.name == "var" and call.texts})


def _contents(folder: Path) -> str:
    files = sorted(path for path in folder.iterdir() if path.is_file())
    return "\n".join(f"{path.name}\n{path.read_text(encoding='utf-8', errors='replace')}" for path in files)
