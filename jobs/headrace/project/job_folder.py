"""A job's folder under sql/: its job.yaml, one template per sink, shared views; all its faults are reported at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from headrace.errors import Place, Problem, UserError, unknown
from headrace.project import (
    function_files,
    job_windows,
    model_files,
    python_module,
    score_job,
    source_files,
    table_files,
    topic_files,
    yaml_file,
)
from headrace.project.job import JOB_NAME, OLD_TOPIC, SCORE, TOPIC, Job
from headrace.project.paths import Project
from headrace.project.python_module import ModuleFile

_SUFFIX = ".sql.j2"
CHECKS = "checks.sql.j2"
"""The file of the checks on the tables that the job writes."""
EXPECTED_COUNTS = "expected_counts.sql.j2"
"""The file with the SELECT that returns how many readings each window of the job must have counted."""
_OLD_NAMES = {"checks.sql": CHECKS, "account.sql": EXPECTED_COUNTS}


@dataclass(frozen=True)
class JobFolder:
    """A job with the templates next to its job.yaml: `templates` by sink, `views` (`_<name>.sql.j2`) by name.

    A Table API job has a `module` instead of templates, and so has a score job: the engine's own.
    """

    job: Job
    path: Path
    templates: dict[str, Path]
    views: dict[str, Path]
    module: ModuleFile | None = None

    @property
    def on_time(self) -> frozenset[str]:
        """Names of the sources that its module reads on time: a score job reads all of them so."""
        if self.job.kind == SCORE:
            return frozenset(self.job.sources)
        return self.module.on_time if self.module else frozenset()

    @property
    def duckdb_templates(self) -> list[Path]:
        """The templates that DuckDB runs: checks.sql.j2 and expected_counts.sql.j2, if the job has them."""
        return [path for name in (CHECKS, EXPECTED_COUNTS) if (path := self.path / name).is_file()]

    def place(self, sink: str) -> Place:
        """Return the file that defines what the sink gets: its template, or the line of the module."""
        return self.module.place(sink) if self.module else Place.of(self.templates[sink])


def load(project: Project, name: str) -> JobFolder:
    """Return the folder of the job `name` (`<domain>/<job>_v<N>`).

    Raises UserError with all faults of the folder, and of the contracts, tables and topics that it names.
    """
    path = project.sql / name
    if not JOB_NAME.fullmatch(name) or not (path / "job.yaml").is_file():
        raise UserError([unknown("job", name, names(project), Place.of(path / "job.yaml"))])
    templates = _templates(path)
    renamed = [*old_names(templates.values()), *_old_names_for_duckdb(path)]
    try:
        job = job_of(project, name)
    except UserError as error:
        raise UserError([*error.problems, *renamed]) from None
    if renamed:
        raise UserError(renamed)
    views = {p.name.removesuffix(_SUFFIX)[1:]: p for p in sorted(path.glob(f"_*{_SUFFIX}"))}
    folder = JobFolder(job, path, templates, views)
    if problems := [*_mismatches(folder, name), *_absent(project, folder)]:
        raise UserError(problems)
    return replace(folder, module=python_module.load(project, job.runs)) if job.runs else folder


def names(project: Project) -> list[str]:
    """Return the names of all job folders, sorted."""
    folders = (p.parent.relative_to(project.sql).as_posix() for p in project.sql.glob("*/*/job.yaml"))
    return sorted(folder for folder in folders if JOB_NAME.fullmatch(folder))


def job_of(project: Project, name: str) -> Job:
    """Return the job.yaml of the job `name`. Raises UserError for faults of that file alone, not of the folder."""
    return yaml_file.load(project.sql / name / "job.yaml", Job)


def jobs(project: Project) -> list[Job]:
    """Return the job.yaml of every job folder, by name. Raises UserError as `job_of` does."""
    return [job_of(project, name) for name in names(project)]


def template_of(sink: str) -> str:
    """Return the file name of a sink's template: `topic.alerts.sql.j2` for `topic/alerts`."""
    return sink.replace("/", ".") + _SUFFIX


def sink_of(name: str) -> str:
    """Return the sink that a file name stands for: `topic/alerts` for `topic.alerts`, and a table's name as it is."""
    kind, _, rest = name.partition(".")
    return TOPIC + rest if kind == TOPIC.removesuffix("/") else name


def old_names(paths: Iterable[Path]) -> Iterator[Problem]:
    """Yield a Problem for each file that names a topic as earlier versions did: `kafka.alerts.sql.j2`."""
    word = TOPIC.removesuffix("/")
    for path in paths:
        if match := re.match(rf"(expect\.)?{OLD_TOPIC}\.", path.name):
            name = f"{match[1] or ''}{word}.{path.name[match.end() :]}"
            yield Problem(f"'{path.name}' is now '{name}'", Place.of(path, 1), f"rename the file to {name}")


def _templates(path: Path) -> dict[str, Path]:
    """Return the templates of the sinks, by sink."""
    files = sorted(p for p in path.glob(f"[!_]*{_SUFFIX}") if p.name not in (CHECKS, EXPECTED_COUNTS))
    return {sink_of(p.name.removesuffix(_SUFFIX)): p for p in files}


def _old_names_for_duckdb(path: Path) -> Iterator[Problem]:
    for old, name in _OLD_NAMES.items():
        if (path / old).is_file():
            yield Problem(f"'{old}' is now '{name}'", Place.of(path / old, 1), f"rename the file to {name}")


def _mismatches(folder: JobFolder, name: str) -> list[Problem]:
    job, file = folder.job, folder.path / "job.yaml"
    problems = []
    if job.name != name:
        where = yaml_file.place(file, ("name",))
        problems.append(Problem(f"name is '{job.name}', the folder says '{name}'", where, f"write name: {name}"))
    problems += [*job_windows.of_job(job, file), *score_job.problems(job, file)]
    problems += job_windows.of_templates(job, file, [*folder.templates.values(), *folder.views.values()])
    return [*problems, *(_of_templates(folder) if job.kind == "job" else _of_module(folder))]


def _of_module(folder: JobFolder) -> Iterator[Problem]:
    kind, fix = "a Table API job", "write it in the module, and remove the file"
    if folder.job.kind == SCORE:
        kind, fix = "a score job", "remove the file"
    elif folder.job.module is None:
        where = yaml_file.place(folder.path / "job.yaml", ("kind",))
        yield Problem("a Table API job requires a module", where, "add module: <name>, for jobs/table_api/<name>.py")
    for path in [*folder.templates.values(), *folder.views.values()]:
        yield Problem(f"{kind} has no templates", Place.of(path), fix)


def _of_templates(folder: JobFolder) -> list[Problem]:
    job, file = folder.job, folder.path / "job.yaml"
    problems = []
    if job.module:
        where = yaml_file.place(file, ("module",))
        fix = "write kind: table_api, or remove it"
        problems.append(Problem("a job of templates cannot have a module", where, fix))
    for sink in job.writes:
        if sink not in folder.templates:
            where = yaml_file.place(file, ("writes", job.output(sink)))
            fix = f"add {template_of(sink)} next to job.yaml"
            problems.append(Problem(f"no template for the sink '{job.output(sink)}'", where, fix))
    for sink, path in folder.templates.items():
        if sink not in job.writes:
            fix = f"add '{job.output(sink)}: append' under writes: in job.yaml, or remove the file"
            problems.append(Problem(f"job.yaml does not write '{job.output(sink)}'", Place.of(path), fix))
    for view, path in folder.views.items():
        if view in job.sources or "__" in view:
            what = f"'{view}' is the name of a source, or reserved for the engine"
            problems.append(Problem(what, Place.of(path), "rename the file"))
    return problems


def _absent(project: Project, folder: JobFolder) -> list[Problem]:
    """Return a problem for each file that the job names but that does not exist, and the faults of those that do."""
    job, file = folder.job, folder.path / "job.yaml"
    problems: list[Problem] = []

    def check(load: Callable[[], object], *location: str | int) -> None:
        try:
            load()
        except UserError as error:
            in_own_file = [p for p in error.problems if p.where and Path(str(p.where).split(":")[0]).is_file()]
            where = yaml_file.place(file, location)
            problems.extend(in_own_file or [Problem(p.what, where, p.fix) for p in error.problems])

    for location, load in _named(project, job):
        check(load, *location)
    for index, read in enumerate(job.reads):
        kind, _, name = read.partition("/")
        if kind == "source":
            check(lambda name=name: source_files.load(project, name), "reads", index)  # type: ignore[misc]
        elif kind == "table":
            check(lambda name=name: table_files.pick(project, [name]), "reads", index)  # type: ignore[misc]
        elif name not in names(project):
            problems.append(unknown("job", name, names(project), yaml_file.place(file, ("reads", index))))
    for sink, mode in job.writes.items():
        if sink.startswith(TOPIC):
            check(lambda sink=sink: topic_files.load(project, sink.removeprefix(TOPIC)), "writes", sink)  # type: ignore[misc]
            continue
        check(lambda sink=sink, mode=mode: _writable(project, sink, mode), "writes", job.output(sink))  # type: ignore[misc]
    return problems or _of_windows(project, folder)


def _of_windows(project: Project, folder: JobFolder) -> list[Problem]:
    job, file = folder.job, folder.path / "job.yaml"
    if job.window is None or len(job.sources) != 1 or len(job.tables_written) != 1:
        return []
    source, tables = source_files.load(project, job.sources[0]), table_files.pick(project, job.tables_written)
    counted = (folder.path / EXPECTED_COUNTS).is_file()
    return [*job_windows.of_files(job, file, source, tables[job.tables_written[0]], counted=counted)]


def _named(project: Project, job: Job) -> Iterator[tuple[tuple[str | int, ...], Callable[[], object]]]:
    """Yield the module, the model and the functions that the job names: where in job.yaml, and what loads each."""
    if module := job.runs:
        yield ("module",), lambda: python_module.load(project, module)
    if model := job.model:
        yield ("model",), lambda: model_files.exact(project, model)
    for index, name in enumerate(job.functions):
        yield ("functions", index), partial(function_files.load, project, name)


def _writable(project: Project, name: str, mode: str) -> None:
    table = table_files.pick(project, [name])[name]
    if mode == "upsert" and not table.key:
        raise UserError(f"{name} has no key to upsert by", fix=f"add key: [...] to sql/_tables/{name}.yaml, or append")
    if mode == "append" and table.key:
        fix = f"write {Job.output(name)}: upsert"
        raise UserError(f"{name} has a key: appended rows would replace rows", fix=fix)
