"""A job's folder under sql/: its job.yaml, a template a sink, shared views; all that is wrong in it at once."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from headrace.errors import Place, Problem, UserError
from headrace.project import python_module, source_files, table_files, topic_files, yaml_file
from headrace.project.job import JOB_NAME, TOPIC, Job
from headrace.project.paths import Project
from headrace.project.python_module import ModuleFile

_SUFFIX = ".sql.j2"


@dataclass(frozen=True)
class JobFolder:
    """A job with the templates beside its job.yaml: `templates` by sink, `views` (`_<name>.sql.j2`) by name.

    A Table API job has a `module` in their place.
    """

    job: Job
    path: Path
    templates: dict[str, Path]
    views: dict[str, Path]
    module: ModuleFile | None = None

    def place(self, sink: str) -> Place:
        """Where the folder, or the module, says what the sink gets."""
        return self.module.place(sink) if self.module else Place.of(self.templates[sink])


def load(project: Project, name: str) -> JobFolder:
    """The job called `name` (`<domain>/<job>_v<N>`).

    Raises UserError with all that is wrong in the folder, and in the contracts, tables and topics that it names.
    """
    path = project.sql / name
    if not JOB_NAME.fullmatch(name) or not (path / "job.yaml").is_file():
        known = names(project)
        near = difflib.get_close_matches(name, known, n=1)
        fix = f"did you mean '{near[0]}'?" if near else f"jobs of this project: {', '.join(known) or 'none yet'}"
        raise UserError(f"there is no job '{name}'", Place.of(path / "job.yaml"), fix)
    job = job_of(project, name)
    templates = {_sink(p): p for p in sorted(path.glob(f"[!_]*{_SUFFIX}"))}
    views = {p.name.removesuffix(_SUFFIX)[1:]: p for p in sorted(path.glob(f"_*{_SUFFIX}"))}
    folder = JobFolder(job, path, templates, views)
    if problems := [*_mismatches(folder, name), *_absent(project, folder)]:
        raise UserError(problems)
    return replace(folder, module=python_module.load(project, job.module)) if job.module else folder


def names(project: Project) -> list[str]:
    """Names of all job folders, sorted."""
    found = (p.parent.relative_to(project.sql).as_posix() for p in project.sql.glob("*/*/job.yaml"))
    return sorted(n for n in found if JOB_NAME.fullmatch(n))


def job_of(project: Project, name: str) -> Job:
    """What the folder's job.yaml says: faults elsewhere in the folder are none of this. Raises UserError."""
    return yaml_file.load(project.sql / name / "job.yaml", Job)


def jobs(project: Project) -> list[Job]:
    """The same of all job folders, by name."""
    return [job_of(project, name) for name in names(project)]


def template_of(sink: str) -> str:
    """The file name of a sink's template: of `kafka/alerts` it is `kafka.alerts.sql.j2`."""
    return sink.replace("/", ".") + _SUFFIX


def _sink(path: Path) -> str:
    name = path.name.removesuffix(_SUFFIX)
    return name.replace("kafka.", TOPIC, 1) if name.startswith("kafka.") else name


def _mismatches(folder: JobFolder, name: str) -> list[Problem]:
    job, file = folder.job, folder.path / "job.yaml"
    problems = []
    if job.name != name:
        where = yaml_file.place(file, ("name",))
        problems.append(Problem(f"name is '{job.name}', the folder says '{name}'", where, f"write name: {name}"))
    problems += _of_windows(folder)
    return [*problems, *(_of_module(folder) if job.kind == "table_api" else _of_templates(folder))]


def _of_windows(folder: JobFolder) -> Iterator[Problem]:
    job = folder.job
    alone = job.kind == "job" and len(job.reads) == len(job.sources) == 1 and not job.through
    if job.recompute and not (alone and job.tables_written and [*job.writes.values()] == ["append"]):
        where = yaml_file.place(folder.path / "job.yaml", ("recompute",))
        what = "windows that can be computed anew are those of one source, without steps, appended to one table"
        yield Problem(what, where, "leave recompute: out, or split the job")


def _of_module(folder: JobFolder) -> Iterator[Problem]:
    if folder.job.module is None:
        where = yaml_file.place(folder.path / "job.yaml", ("kind",))
        yield Problem("a Table API job has a module", where, "add module: <name>, for jobs/table_api/<name>.py")
    for path in [*folder.templates.values(), *folder.views.values()]:
        yield Problem("a Table API job has no templates", Place.of(path), "write it in the module, and remove the file")


def _of_templates(folder: JobFolder) -> list[Problem]:
    job, file = folder.job, folder.path / "job.yaml"
    problems = []
    if job.module:
        where = yaml_file.place(file, ("module",))
        problems.append(Problem("a job of templates has no module", where, "write kind: table_api, or remove it"))
    for sink in job.writes:
        if sink not in folder.templates:
            where, fix = yaml_file.place(file, ("writes", sink)), f"add {template_of(sink)} beside job.yaml"
            problems.append(Problem(f"no template for the sink '{sink}'", where, fix))
    for sink, path in folder.templates.items():
        if sink not in job.writes:
            fix = f"add '{sink}: append' under writes: in job.yaml, or remove the file"
            problems.append(Problem(f"job.yaml does not write '{sink}'", Place.of(path), fix))
    for view, path in folder.views.items():
        if view in job.sources or "__" in view:
            fix = "call the file otherwise"
            problems.append(
                Problem(f"'{view}' is the name of a source, or one of the engine's own", Place.of(path), fix)
            )
    return problems


def _absent(project: Project, folder: JobFolder) -> list[Problem]:
    """What the job names and the project has not, or has with faults of its own."""
    job, file = folder.job, folder.path / "job.yaml"
    problems: list[Problem] = []

    def look(load: Callable[[], object], *location: str | int) -> None:
        try:
            load()
        except UserError as error:
            own = [p for p in error.problems if p.where and Path(str(p.where).split(":")[0]).is_file()]
            where = yaml_file.place(file, location)
            problems.extend(own or [Problem(p.what, where, p.fix) for p in error.problems])

    if job.module:
        look(lambda module=job.module: python_module.load(project, module), "module")  # type: ignore[misc]
    for index, read in enumerate(job.reads):
        kind, _, name = read.partition("/")
        if kind == "source":
            look(lambda name=name: source_files.load(project, name), "reads", index)  # type: ignore[misc]
        elif kind == "table":
            look(lambda name=name: table_files.pick(project, [name]), "reads", index)  # type: ignore[misc]
        elif name not in names(project):
            near = difflib.get_close_matches(name, names(project), n=1)
            fix = f"did you mean '{near[0]}'?" if near else f"jobs of this project: {', '.join(names(project))}"
            problems.append(Problem(f"there is no job '{name}'", yaml_file.place(file, ("reads", index)), fix))
    for sink, mode in job.writes.items():
        if sink.startswith(TOPIC):
            look(lambda sink=sink: topic_files.load(project, sink.removeprefix(TOPIC)), "writes", sink)  # type: ignore[misc]
            continue
        look(lambda sink=sink, mode=mode: _writable(project, sink, mode), "writes", sink)  # type: ignore[misc]
    return problems


def _writable(project: Project, name: str, mode: str) -> None:
    table = table_files.pick(project, [name])[name]
    if mode == "upsert" and not table.key:
        raise UserError(f"{name} has no key to upsert by", fix=f"add key: [...] to sql/_tables/{name}.yaml, or append")
    if mode == "append" and table.key:
        raise UserError(f"{name} has a key: what is appended to it would replace rows", fix=f"write {name}: upsert")
