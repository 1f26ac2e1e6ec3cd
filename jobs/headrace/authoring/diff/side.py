"""A job as one side of a comparison has it, with all that it is made of."""

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
from headrace.planner import session
from headrace.planner.state.differences import plain
from headrace.project import job_folder, python_module, source_files, table_files, topic_files
from headrace.project.job import Job
from headrace.project.job_folder import JobFolder
from headrace.project.paths import Project
from headrace.project.table import Table

TABLE_API = "Table API package"


@dataclass(frozen=True)
class Side:
    """`descriptions` are the files that say what the job and its ends are, `texts` the SQL, each by what it is of.

    `packages` are the files of the Python that runs in its workers, by their paths in each package of the project.
    """

    project: Project
    settings: Settings
    composition: Composition
    tables: Mapping[str, Table]
    descriptions: Mapping[str, Mapping[str, Any]]
    texts: Mapping[str, str]
    packages: Mapping[str, Mapping[str, bytes]]

    @property
    def folder(self) -> JobFolder:
        return self.composition.folder

    @property
    def plan_inputs(self) -> tuple[object, ...]:
        """All that Flink makes its plan from: where it is the same, the plan is."""
        made = self.composition
        return (
            made.setup(),
            {view: select.sql for view, select in made.views.items()},
            {sink: (select.sql, made.sinks[sink]) for sink, select in made.selects.items()},
            made.leftovers(),
            {source.function: source.pipeline.columns for source in made.sources},
            self.packages.get(TABLE_API),
            {name: table.iceberg_schema() for name, table in self.tables.items()},
            session.job_options(made.folder.job),
        )


def load(project: Project, settings: Settings, name: str) -> Side:
    """Read the job `name` and all that it names. Raises UserError with all that is wrong in its files."""
    folder, shown = job_folder.load(project, name), masked(settings)
    composition = compose(project, shown, folder, LiveConnectors(shown))
    job = folder.job
    followed = [table for other in job.jobs for table in job_folder.load(project, other).job.tables_written]
    named = [*job.tables_written, *job.tables, *followed, *leftover_tables(project, shown, folder)]
    tables = table_files.pick(project, dict.fromkeys(named))
    calls = list(_calls(project, folder))
    described = {
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
        **{each.name: each.read_text(encoding="utf-8") for each in folder.path.glob("checks.sql")},
        **{f"test {each.name}": _contents(each) for each in sorted(folder.path.glob("tests/*/"))},
    }
    return Side(project, settings, composition, tables, described, texts, _packages(project, job))


def _packages(project: Project, job: Job) -> dict[str, Mapping[str, bytes]]:
    """None of a package that is not the project's own."""
    folders = {"UDF package": project.root / "udfs" / "headrace_udfs"}
    if job.module:
        folders[TABLE_API] = python_module.package(project)
    return {
        name: {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*.py"))}
        for name, folder in folders.items()
    }


def _calls(project: Project, folder: JobFolder) -> Iterator[template_file.Call]:
    """The calls of the job's templates, and of the macros that they call."""
    paths = [*folder.templates.values(), *folder.views.values()]
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
    return project.sql / "_macros" / f"{name}.sql.j2"


def _macros(project: Project, calls: list[template_file.Call]) -> list[str]:
    return sorted({call.name for call in calls if _macro(project, call.name).is_file()})


def _vars(calls: list[template_file.Call]) -> list[str]:
    return sorted({call.texts[0] for call in calls if call.name == "var" and call.texts})


def _contents(folder: Path) -> str:
    files = sorted(path for path in folder.iterdir() if path.is_file())
    return "\n".join(f"{path.name}\n{path.read_text(encoding='utf-8', errors='replace')}" for path in files)
