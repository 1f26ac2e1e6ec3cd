"""What a job of kind score may read and write: it runs the engine's own module with a model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from headrace.errors import Place, Problem, did_you_mean
from headrace.project import yaml_file
from headrace.project.job import SCORE, TOPIC, Job, Mode
from headrace.project.system_tables import ANOMALY_EVENTS, ASSET_STATES, SCORES, TAGS

ALERTS = f"{TOPIC}anomaly_alerts"
SINKS: Mapping[str, Mode] = MappingProxyType({SCORES: "append", ANOMALY_EVENTS: "upsert", ALERTS: "append"})
"""What a score job can write, and how."""

STATES = frozenset({ASSET_STATES, TAGS})
"""What it can read besides its source: no alert is sent of an asset that is stopped or in maintenance."""


def problems(job: Job, file: Path) -> Iterator[Problem]:
    """Yield what job.yaml says that its kind does not allow, each at its line of `file`; for other kinds, a model."""
    if job.kind == SCORE:
        yield from _missing(job, file)
        yield from _unused(job, file)
        yield from _of_sinks(job, file)
    elif job.model:
        yield Problem("only a score job has a model", _at(file, "model"), f"write kind: {SCORE}, or remove it")


def _missing(job: Job, file: Path) -> Iterator[Problem]:
    if job.model is None:
        fix = "add model: <model>@<version>; headrace model list shows them"
        yield Problem("a score job requires a model", _at(file, "kind"), fix)
    others = {*job.tables} - STATES
    if len(job.sources) != 1 or job.jobs or others:
        what = "a score job reads one source, and the states of assets if it alerts"
        yield Problem(what, _at(file, "reads"), "write reads: [source/<contract>]")
    elif job.tables and len(job.tables) < len(STATES):
        what = f"the states of assets need both {' and '.join(sorted(STATES))}"
        yield Problem(what, _at(file, "reads"), "add the other, or remove this one")


def _unused(job: Job, file: Path) -> Iterator[Problem]:
    if job.module:
        what = "a score job has no module of its own: it runs the engine's"
        yield Problem(what, _at(file, "module"), "remove it, or write kind: table_api")
    if job.steps:
        yield Problem(
            "a score job has no steps: it scores readings as they are decoded", _at(file, "steps"), "remove them"
        )
    if job.functions:
        yield Problem("a score job has no SQL that could call functions", _at(file, "functions"), "remove them")
    if job.keeps_every_record:
        what = "a score job cannot keep every record: its rows have no position in the topic"
        yield Problem(what, _at(file, "keeps_every_record"), "remove it")


def _of_sinks(job: Job, file: Path) -> Iterator[Problem]:
    for sink, mode in job.writes.items():
        where = _at(file, "writes", job.output(sink))
        if sink not in SINKS:
            fix = did_you_mean(job.output(sink), map(job.output, SINKS), "its sinks")
            yield Problem(f"a score job cannot write '{job.output(sink)}'", where, fix)
        elif mode != SINKS[sink]:
            yield Problem(f"a score job does not {mode} to {sink}", where, f"write {job.output(sink)}: {SINKS[sink]}")


def _at(file: Path, *location: str) -> Place:
    return yaml_file.place(file, location)
