"""The relations that a job's templates can read, from the contracts and tables that its job.yaml names."""

from __future__ import annotations

from collections.abc import Mapping

from pyiceberg.types import DecimalType, DoubleType, FloatType, IntegerType, LongType

from headrace.authoring.lint.facts import NONE, Column, Relation
from headrace.compose import template_functions
from headrace.environment.settings import Settings
from headrace.project import job_folder, source_files
from headrace.project.job import Job
from headrace.project.paths import Project
from headrace.project.system_tables import POSITION
from headrace.project.table import Column as TableColumn
from headrace.project.table import Table
from headrace_udfs.contract import Contract, FieldSpec
from headrace_udfs.steps import STEPS
from headrace_udfs.types import QUALITY, TS

EVENT_TIME = "event_time"
_FRACTIONAL = DoubleType | FloatType | DecimalType


def inputs(
    project: Project, settings: Settings, job: Job, tables: Mapping[str, Table]
) -> dict[tuple[str, ...], Relation]:
    """Return every source, table and followed table of the job, by the parts of its name in SQL."""
    relations: dict[tuple[str, ...], Relation] = {}
    for name in job.sources:
        read = source_files.load(project, name)
        steps = [column for step in job.steps for column in STEPS[step]().outputs]
        relations[name,] = of_source(name, read, steps)
        if read.watermark:
            relations[template_functions.on_time_view(name),] = of_source(name, read, steps, on_time=True)
    for name in job.tables:
        relations[settings.catalog.name, *name.split(".")] = of_table(name, tables[name])
    for other in job.jobs:
        for name in job_folder.load(project, other).job.tables_written:
            relations[settings.catalog.name, *name.split(".")] = of_table(name, tables[name], followed=True)
    return relations


def of_source(name: str, read: Contract, steps: list[str], *, on_time: bool = False) -> Relation:
    """Return the relation of a source. source() also holds late readings, so only on_time() has a rowtime."""
    itself = frozenset({name}) if read.quality else NONE
    columns = {
        field: Column(
            spec.unit,
            measured=itself if _is_measured(spec) else NONE,
            whole=spec.type == "long",
            fraction=spec.type == "double",
            token=spec.secret is not None and spec.secret.hash is not None,
        )
        for field, spec in read.fields.items()
    }
    columns |= {TS: Column(), QUALITY: Column(quality=itself, whole=True)}
    columns |= {column: Column() for column in read.change_columns}
    columns |= {column: Column() for column in steps if column not in columns}
    columns |= {column: Column(whole=column != "src_topic") for column in POSITION}
    if read.watermark:
        columns[EVENT_TIME] = Column(rowtime=on_time)
    return Relation(columns, streams=frozenset({name}))


def of_table(name: str, table: Table, *, followed: bool = False) -> Relation:
    """Return the relation of an Iceberg table, read once when the job starts or followed as rows arrive."""
    itself = frozenset({name}) if QUALITY in table.columns else NONE
    columns = {
        column: Column(
            spec.unit,
            measured=itself if isinstance(spec.type, DoubleType | FloatType) and spec.unit != "1" else NONE,
            quality=itself if column == QUALITY else NONE,
            whole=isinstance(spec.type, IntegerType | LongType),
            fraction=isinstance(spec.type, _FRACTIONAL),
        )
        for column, spec in table.columns.items()
    }
    return Relation(columns, streams=frozenset({name}) if followed else NONE)


def fractional(columns: Mapping[str, TableColumn]) -> frozenset[str]:
    """Return the names of the columns whose values have fractions."""
    return frozenset(name for name, column in columns.items() if isinstance(column.type, _FRACTIONAL))


def _is_measured(spec: FieldSpec) -> bool:
    """Return whether a field is a measurement. A whole number without a unit is a count or an identifier."""
    return spec.type in ("double", "boolean") or (spec.type == "long" and spec.unit is not None)
