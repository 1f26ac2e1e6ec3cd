"""A job's expected_counts.sql.j2: a SELECT of how many readings each of its windows must count."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import pyarrow as pa

from headrace.environment import warehouse
from headrace.environment.settings import Settings
from headrace.errors import Place, UserError
from headrace.project import source_files, table_files
from headrace.project.job_folder import EXPECTED_COUNTS, JobFolder
from headrace.project.paths import Project
from headrace.project.readings_table import columns, readings_table
from headrace.upkeep.checks import duckdb_script
from headrace.upkeep.checks.duckdb_script import DuckDbScript, Select

READINGS = "readings"
"""The name of the stored readings in the SELECT; they have the columns of `readings_table.columns`."""


@dataclass(frozen=True)
class ExpectedCounts:
    """A SELECT that returns one row per key and window with readings.

    Its columns are the source's key, with the name `key`, the window's start, `ts`, and the number of its readings,
    with the name `count`, as in the job's table.
    """

    sql: str
    key: str
    count: str
    place: Place


def load(project: Project, settings: Settings, folder: JobFolder) -> ExpectedCounts | None:
    """Return the job's expected counts; None without expected_counts.sql.j2.

    Raises UserError with every fault of the file.
    """
    script = duckdb_script.load(project, settings, folder, EXPECTED_COUNTS)
    if script is None:
        return None
    job = folder.job
    if job.window is None:
        fix = "add the length of the windows to job.yaml: window: 1m"
        raise UserError("only a job with windows has expected counts", Place.of(script.path), fix)
    selects = script.selects()
    if len(selects) != 1:
        fix = "write one SELECT, or remove the file"
        raise UserError(f"the file has {len(selects)} SELECTs, not one", Place.of(script.path), fix)
    [select] = selects
    place = script.place(select.first)
    source = source_files.load(project, job.sources[0])
    (table,), (_, readings) = job.tables_written, readings_table(project, job, source)
    tables = table_files.pick(project, [table, readings])
    schema = tables[readings].arrow_schema()
    types = _column_types(script, select, pa.schema([schema.field(name) for name in columns(source)]))
    counts = [name for name in types if name not in (source.key, "ts")]
    count = counts[0] if len(counts) == 1 and counts[0] in tables[table].columns else None
    if count and source.key in types and types.get("ts") == "TIMESTAMP WITH TIME ZONE":
        return ExpectedCounts(select.sql, source.key, count, place)
    returned = ", ".join(f"{name} ({kind.lower()})" for name, kind in types.items())
    fix = f"select {source.key}, the window's start as ts, and the number of its readings, named as in {table}"
    raise UserError(f"the expected counts have the columns {returned}", place, fix)


def _column_types(script: DuckDbScript, select: Select, readings: pa.Schema) -> dict[str, str]:
    with duckdb.connect(config={"autoinstall_known_extensions": False}) as connection:
        connection.execute("set timezone = 'UTC'")
        connection.register(READINGS, readings.empty_table())
        try:
            with warehouse.errors_reported():
                answer = connection.sql(select.sql)
                return dict(zip(answer.columns, map(str, answer.types), strict=True))
        except UserError as error:
            place = Place.of(script.path)
            raise UserError([script.problem(each, select.first, place) for each in error.problems]) from None
