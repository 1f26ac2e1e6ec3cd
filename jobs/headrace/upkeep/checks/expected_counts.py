"""account.sql of a job of windows: a SELECT of how many readings each of its windows must have counted."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from headrace.environment import warehouse
from headrace.errors import Place, UserError
from headrace.project import source_files, table_files
from headrace.project.job import Job
from headrace.project.paths import Project
from headrace.project.readings_table import columns, readings_table
from headrace.upkeep.checks import check_file

FILE = "account.sql"
READINGS = "readings"
"""What the SELECT calls the readings that are stored; `keeper.columns` are theirs."""


@dataclass(frozen=True)
class ExpectedCounts:
    """`sql` gives a row for each key and window that has readings: the column `key`, the window's start as `ts`, and
    their number, in the column `count` of the job's table."""

    sql: str
    key: str
    count: str
    place: Place


def load(project: Project, job: Job) -> ExpectedCounts | None:
    """The job's account, None where it has no account.sql. Raises UserError with what is wrong in the file."""
    path = project.sql / job.name / FILE
    if not path.is_file():
        return None
    if job.window is None:
        raise UserError("an account is of windows", Place.of(path), "say in job.yaml how long they are: window: 1m")
    found = check_file.selects(path)
    if len(found) != 1:
        raise UserError("an account is one SELECT", Place.of(path), "write one, or remove the file")
    [(first, sql)] = found
    source = source_files.load(project, job.sources[0])
    (table,), (_, readings) = job.tables_written, readings_table(project, job, source)
    tables = table_files.pick(project, [table, readings])
    schema = tables[readings].arrow_schema()
    described = _described(path, first, sql, pa.schema([schema.field(name) for name in columns(source)]))
    counts = [name for name in described if name not in (source.key, "ts")]
    count = counts[0] if len(counts) == 1 and counts[0] in tables[table].columns else None
    if count and source.key in described and described.get("ts") == "TIMESTAMP WITH TIME ZONE":
        return ExpectedCounts(sql, source.key, count, Place.of(path, first))
    told = ", ".join(f"{name} ({kind.lower()})" for name, kind in described.items())
    fix = f"select {source.key}, the window's start as ts, and the number of its readings as a column of {table} has it"
    raise UserError(f"the account gives {told}", Place.of(path, first), fix)


def _described(path: Path, first: int, sql: str, readings: pa.Schema) -> dict[str, str]:
    with duckdb.connect(config={"autoinstall_known_extensions": False}) as connection:
        connection.execute("set timezone = 'UTC'")
        connection.register(READINGS, readings.empty_table())
        try:
            with warehouse.errors_reported():
                answer = connection.sql(sql)
                return dict(zip(answer.columns, map(str, answer.types), strict=True))
        except UserError as error:
            raise UserError([check_file.placed(each, path, first, Place.of(path)) for each in error.problems]) from None
