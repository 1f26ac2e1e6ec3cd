"""Run a job on the input of a test case in Flink, and read the rows that it writes to each sink."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from headrace.compose import job_statements
from headrace.compose.encoded_values import VALUE, EncodedValue
from headrace.environment import iceberg
from headrace.environment.settings import Settings
from headrace.errors import UserError
from headrace.planner import planning
from headrace.planner.in_process import table_writes
from headrace.planner.in_process.case import SETTINGS, Case, followed_tables
from headrace.planner.in_process.file_connectors import FileConnectors, folder_of_topic
from headrace.planner.in_process.minicluster import MiniCluster
from headrace.planner.in_process.values import Row, read_table, typed
from headrace.project import job_folder, source_files, table_files, topic_files, yaml_file
from headrace.project.job import SCORE, TOPIC, Job
from headrace.project.job_folder import JobFolder
from headrace.project.paths import Project
from headrace.project.system_tables import ASSET_STATES, DEAD_LETTERS, TAGS
from headrace.project.table import Column, Table

LIMIT_S = 120


def run_case(project: Project, settings: Settings, cluster: MiniCluster, case: Case) -> dict[str, list[Row]]:
    """Run the case and return the rows that the job writes to each sink, to dead letters and to its late table."""
    folder = job_folder.load(project, case.job)
    scratch = cluster.folder / case.job.replace("/", ".") / case.name
    scratch.mkdir(parents=True)
    tables = _tables(project, folder)
    own = _settings(settings, case, scratch)
    job = folder.job.model_copy(update={"params": {**folder.job.params, **case.settings.params}})
    connectors = FileConnectors(case, scratch, own, tables)
    composition = job_statements.compose(project, own, replace(folder, job=job), connectors)
    _keep_tables(own, case, tables, composition)
    _check_steps(case, composition)
    environment = cluster.environment(job)
    plan = table_writes.like_iceberg(planning.plan(environment, composition))
    with planning.flink_errors_reported(composition):
        cluster.wait(plan.execute(), LIMIT_S)
    rows: dict[str, list[Row]] = {}
    for sink, columns in sink_columns(project, folder).items():
        encoded = composition.sinks[sink].encoded if sink in composition.sinks else None
        name = folder_of_topic(topic_files.load(project, sink.removeprefix(TOPIC))) if sink.startswith(TOPIC) else sink
        if connectors.output(name).is_dir():
            rows[sink] = _read(connectors.output(name), columns, composition.keys.get(sink), encoded)
    return rows


def _check_steps(case: Case, composition: job_statements.Composition) -> None:
    """Raise UserError if steps move a watermark that no view of the job uses."""
    job = composition.folder.job
    for name, source in zip(job.sources, composition.sources, strict=True):
        if case.settings.watermark.get(name) and job.late_table not in source.tables.leftovers:
            where = yaml_file.place(case.path / SETTINGS, ("watermark", name))
            fix = f"read on_time('{name}') where there are windows, or remove the steps"
            raise UserError(f"the job does not use the watermark of '{name}', so its steps have no effect", where, fix)


def sink_columns(project: Project, folder: JobFolder) -> dict[str, dict[str, Column]]:
    """Return the columns of each sink, of dead letters and of the late table."""
    job = folder.job
    names = dict.fromkeys([*job.tables_written, *leftovers(project, job)])
    topics = {TOPIC + name: topic_files.load(project, name).columns for name in job.topics_written}
    return {**{name: table.columns for name, table in table_files.pick(project, names).items()}, **topics}


def leftovers(project: Project, job: Job) -> list[str]:
    """Return the tables for records that reach no SELECT of the job."""
    return [DEAD_LETTERS, *source_files.refused_tables(project, job.sources), job.late_table]


def _tables(project: Project, folder: JobFolder) -> dict[str, Table]:
    job = folder.job
    names = [*job.tables_written, *job.tables, *followed_tables(project, folder), *leftovers(project, job)]
    return table_files.pick(project, dict.fromkeys(names))


def _settings(settings: Settings, case: Case, scratch: Path) -> Settings:
    """Return the environment's settings with the case's variables and a catalog of its own for the tags of steps."""
    own = {"path": str(scratch / "catalog.db"), "warehouse": f"file://{scratch / 'warehouse'}"}
    catalog = settings.catalog.model_copy(update=own)
    return settings.model_copy(update={"catalog": catalog, "vars": {**settings.vars, **case.settings.vars}})


def _keep_tables(
    settings: Settings, case: Case, tables: Mapping[str, Table], composition: job_statements.Composition
) -> None:
    """Store the case's rows of the tables that workers read themselves."""
    job = composition.folder.job
    of_steps = [TAGS, ASSET_STATES] if job.steps or job.kind == SCORE else []
    looked_up = [spec.table for spec in composition.look_ups]
    kept = [name for name in dict.fromkeys([*of_steps, *looked_up]) if name in job.tables]
    if not kept:
        return
    catalog = iceberg.connect(settings, create=True)
    for name in kept:
        description = tables[name]
        catalog.create_namespace_if_not_exists(name.partition(".")[0])
        table = catalog.create_table(name, schema=description.iceberg_schema())
        if name in case.tables:
            rows = read_table(case.tables[name], description.columns)
            table.append(pa.Table.from_pylist(rows, schema=description.arrow_schema()))


def _read(
    path: Path, columns: Mapping[str, Column], key: tuple[str, ...] | None, encoded: EncodedValue | None
) -> list[Row]:
    """Return the rows that a sink holds at the end: all that were appended, or the last row of each key."""
    rows: dict[object, Row] = {}
    for number, change in enumerate(_changes(path)):
        if change["op"] == "d":
            # Only rows of a sink with a key are retracted: the plan was checked.
            rows.pop(tuple(change["before"][name] for name in key or ()), None)
            continue
        row = row_of(change["after"], columns, encoded)
        rows[tuple(change["after"][name] for name in key) if key else number] = row
    return list(rows.values())


def row_of(written: Mapping[str, Any], columns: Mapping[str, Column], encoded: EncodedValue | None) -> Row:
    """Return a row of a sink as its readers get it, which decode what was encoded."""
    row = {name: typed(value, columns[name].type) for name, value in written.items() if name != VALUE}
    return row | encoded.encoding.decoded(base64.b64decode(written[VALUE])) if encoded else row


def _changes(path: Path) -> Iterator[dict[str, Any]]:
    for file in sorted(path.glob("part-*"), key=lambda part: part.stat().st_mtime_ns):
        for line in file.read_bytes().splitlines():  # of bytes: a text may hold U+2028, which breaks lines too
            yield json.loads(line)
