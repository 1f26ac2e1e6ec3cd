"""A test case: a folder of data within a job. It holds the input, the expected output and how the two are compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import Field

from headrace.errors import Place, Problem, UserError, did_you_mean
from headrace.planner.in_process import encoded, watermark_steps
from headrace.project import job_folder, source_files, yaml_file
from headrace.project.job import Param
from headrace.project.job_folder import JobFolder
from headrace.project.paths import Project
from headrace.project.system_tables import DEAD_LETTERS
from headrace_udfs.instants import Instant
from headrace_udfs.schemas import Schema

SETTINGS = "case.yaml"


class CaseSettings(yaml_file.Model):
    """The optional case.yaml of a test case.

    `clock` is the time at which the messages arrive at Kafka and are decoded; the default is the time of the run.
    `watermark` lists, per source, the steps in which its watermark moves instead of following the readings' times.
    `ordered`: whether the rows must come in the order of the file. `tolerance` is relative and applies to doubles.
    """

    description: str | None = None
    params: dict[str, Param] = {}
    vars: dict[str, Param] = {}
    clock: Instant | None = None
    watermark: dict[str, list[watermark_steps.Step]] = {}
    ordered: bool = False
    tolerance: float = Field(default=1e-9, ge=0)


@dataclass(frozen=True)
class Case:
    """One test case and its files.

    `sources` and `tables` are the input files by source and by table, `expects` the files of the expected output by
    sink, `schemas` the files of schemas by source, and `registered` these schemas as a registry has them.
    """

    job: str
    name: str
    path: Path
    settings: CaseSettings
    sources: dict[str, Path]
    tables: dict[str, Path]
    expects: dict[str, Path]
    schemas: dict[str, Path] = field(default_factory=dict)
    registered: dict[str, Schema] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.job} {self.name}"


def load(project: Project, folder: JobFolder, pattern: str | None = None) -> list[Case]:
    """Return the cases of a job whose names contain `pattern`, in order. Raises UserError with all their faults."""
    cases, problems = [], []
    for path in sorted((folder.path / "tests").iterdir()) if (folder.path / "tests").is_dir() else []:
        if not path.is_dir() or (pattern and pattern not in path.name):
            continue
        try:
            cases.append(_case(project, folder, path))
        except UserError as error:
            problems += error.problems
    if problems:
        raise UserError(problems)
    return cases


def _case(project: Project, folder: JobFolder, path: Path) -> Case:
    job = folder.job
    file = path / SETTINGS
    settings = CaseSettings()
    kinds: dict[str, dict[str, Path]] = {"source": {}, "table": {}, "expect": {}, "schema": {}}
    problems: list[Problem] = []
    if file.is_file():
        try:
            settings = yaml_file.load(file, CaseSettings)
        except UserError as error:
            problems += error.problems
    for each in sorted(path.iterdir()):
        kind, name = _kind_and_name(each)
        if renamed := [*job_folder.old_names([each])]:
            problems += renamed
        elif kind in kinds:
            kinds[kind][name] = each
        elif each.name != SETTINGS:
            fix = (
                "a case holds source.<name>.jsonl and its schema (.avsc, .proto, .schema.json), table.<name>.csv, "
                "expect.<sink>.csv or .jsonl, case.yaml"
            )
            problems.append(Problem(f"'{each.name}' is not a valid file of a case", Place.of(each), fix))
    problems += _mismatches(project, folder, file, settings, kinds)
    if problems:
        raise UserError(problems)
    contracts = {name: source_files.load(project, name) for name in kinds["schema"]}
    registered = {name: encoded.schema(contracts[name], file) for name, file in kinds["schema"].items()}
    sources, tables, expects, schemas = (kinds[kind] for kind in ("source", "table", "expect", "schema"))
    return Case(job.name, path.name, path, settings, sources, tables, expects, schemas, registered)


def _mismatches(
    project: Project, folder: JobFolder, file: Path, settings: CaseSettings, kinds: Mapping[str, dict[str, Path]]
) -> Iterator[Problem]:
    """Yield a problem for each thing that the case names and the job does not have."""
    job = folder.job
    contracts = {name: source_files.load(project, name) for name in job.sources}
    registered = {name: contract.format for name, contract in contracts.items() if contract.registered}
    known = {
        "source": job.sources,
        "table": [*job.tables, *followed_tables(project, folder)],
        "sink": [*job.writes, DEAD_LETTERS, *source_files.refused_tables(project, job.sources), job.late_table],
        "source with a schema registry": [*registered],
    }
    for kind, files in zip(known, kinds.values(), strict=True):
        yield from _unknown(kind, {name: Place.of(each) for name, each in files.items()}, known[kind])
    for name, format_ in registered.items():
        suffix = encoded.SUFFIXES[format_]
        schema = kinds["schema"].get(name)
        if schema and not schema.name.endswith(suffix):
            yield Problem(f"the schema of '{name}' is expected in source.{name}{suffix}", Place.of(schema))
        elif name in kinds["source"] and not schema:
            what, fix = f"the messages of '{name}' are {format_}, and need a schema", f"add source.{name}{suffix}"
            yield Problem(what, Place.of(kinds["source"][name]), fix)
    yield from _unknown("source", {n: yaml_file.place(file, ("watermark", n)) for n in settings.watermark}, job.sources)
    for name, moves in settings.watermark.items():
        if name in job.sources:
            yield from watermark_steps.faults(project, file, name, moves, kinds["source"].get(name))
    for name in settings.params:
        if name not in job.params:
            where, fix = yaml_file.place(file, ("params", name)), f"add {name}: under params: in job.yaml"
            yield Problem(f"the job has no param '{name}'", where, fix)


def followed_tables(project: Project, folder: JobFolder) -> list[str]:
    """Return the tables of other jobs that ref() can name."""
    return [table for name in folder.job.jobs for table in job_folder.load(project, name).job.tables_written]


def _kind_and_name(path: Path) -> tuple[str, str]:
    """Return the kind and the name of a case's file: `expect.topic.alerts.jsonl` is an "expect" of `topic/alerts`."""
    kind, _, name = path.stem.partition(".")
    if kind == "source" and path.name.endswith(tuple(encoded.SUFFIXES.values())):
        return "schema", name.removesuffix(".schema")
    suffixes = {"source": {".jsonl"}, "table": {".csv"}, "expect": {".csv", ".jsonl"}}
    if path.suffix not in suffixes.get(kind, set()):
        return "", ""
    return kind, job_folder.sink_of(name) if kind == "expect" else name


def _unknown(kind: str, names: Mapping[str, Place], known: list[str]) -> Iterator[Problem]:
    for name, where in names.items():
        if name not in known:
            yield Problem(f"the job has no {kind} '{name}'", where, did_you_mean(name, known, "it has"))
