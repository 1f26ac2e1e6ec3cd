"""What is wrong with the windows of a job: whether they can be computed again as its job.yaml says."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from pyiceberg.types import DoubleType, FloatType, IntegerType, LongType, TimestamptzType

from headrace.errors import Place, Problem, did_you_mean
from headrace.project import yaml_file
from headrace.project.job import Job
from headrace.project.table import Table
from headrace.project.window import CORRECTED_AT, Window
from headrace_udfs.contract import Contract

_SESSION = re.compile(r"\{\{-?\s*session\(")
_NUMBERS = (DoubleType, FloatType, LongType, IntegerType)


def of_job(job: Job, file: Path) -> Iterator[Problem]:
    """Yield what job.yaml itself contradicts."""
    if job.window is None:
        return
    where = yaml_file.place(file, ("window",))
    alone = job.kind == "job" and len(job.reads) == len(job.sources) == 1 and not job.steps
    if not (alone and len(job.writes) == 1 and job.tables_written):
        what = "windows can be computed again only if the job reads one source, has no steps, and writes one table"
        yield Problem(what, where, "leave window: out, or split the job")
    elif job.window.corrections and [*job.writes.values()] != ["append"]:
        yield Problem("a table that is upserted gets the new row itself", where, "leave corrections: out")


def of_files(job: Job, file: Path, source: Contract, table: Table, *, counted: bool) -> Iterator[Problem]:
    """Yield what the contract and the table lack. counted: whether the job has expected counts."""
    where, window = yaml_file.place(file, ("window",)), job.window
    if window is None:
        return
    if len(source.keys) > 1 or source.fields[source.key].type != "string":
        yield Problem("windows can be computed again only by one key, a string", where, "leave window: out")
    if counted and (window.needs or window.corrections):
        what = "expected counts are those of windows that need no other readings, in rows that are replaced"
        yield Problem(what, where, "remove expected_counts.sql.j2, or leave needs: and corrections: out")
    yield from _of_corrections(window, where, table)


def of_templates(job: Job, file: Path, templates: Iterable[Path]) -> Iterator[Problem]:
    """Yield a problem if a template has session windows, which have no length to compute them again by."""
    if job.window is None:
        return
    for template in templates:
        if _SESSION.search(template.read_text(encoding="utf-8")):
            what = f"{template.name} has session windows, of no fixed length: a late reading can join two"
            fix = "leave window: out; late readings of sessions stay in the late table"
            yield Problem(what, yaml_file.place(file, ("window",)), fix)


def _of_corrections(window: Window, where: Place, table: Table) -> Iterator[Problem]:
    numbers = [name for name, column in table.columns.items() if isinstance(column.type, _NUMBERS)]
    for name in window.corrections:
        if name not in numbers:
            what = f"'{name}' is not a column with numbers that add up"
            yield Problem(what, where, did_you_mean(name, numbers, "there are"))
    found = table.columns.get(CORRECTED_AT)
    if window.corrections and not (found and isinstance(found.type, TimestamptzType) and not found.required):
        fix = f"add {CORRECTED_AT}: {{type: timestamptz}} to the table, and a null of that name to the SELECT"
        yield Problem(f"corrections need a column {CORRECTED_AT}", where, fix)
