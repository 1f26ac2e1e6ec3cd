"""Write the rows of a case as its expected rows, for the author to review."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from headrace.authoring.test.run import DEAD_COLUMNS, Outcome
from headrace.planner.in_process.values import Row, fits_csv, header, json_line, shown
from headrace.project.job import Job
from headrace.project.system_tables import DEAD_LETTERS

_LATE = ["key", "ts", "watermark", "src_offset", "src_index"]
_RECENT = timedelta(hours=1)


@dataclass(frozen=True)
class Written:
    """A file of expected rows that was written, and how many rows it has now."""

    path: Path
    rows: int


def update(job: Job, outcome: Outcome) -> list[Written]:
    """Write the rows of each sink that differ from the expected ones, or that no file expects. Returns the files.

    An existing file keeps its columns. A sink without a file gets one: for dead letters and late readings with a fixed
    set of columns, for others with the columns that hold values other than nulls and times of the run. Nothing is
    written if the outcome has problems: no expected rows would solve them.
    """
    if outcome.passed or outcome.problems:
        return []
    case, files = outcome.case, []
    differ = {difference.sink for difference in outcome.differences}
    for sink in dict.fromkeys([*outcome.rows, *case.expects]):
        path, rows = case.expects.get(sink), outcome.rows.get(sink, [])
        if sink not in differ if path else not rows and (sink not in job.writes or case.expects):
            continue
        columns = (
            header(path)
            if path
            else {DEAD_LETTERS: DEAD_COLUMNS, job.late_table: _LATE}.get(sink) or _informative_columns(rows)
        )
        file = _write(path or case.path / f"expect.{sink.replace('/', '.')}.csv", columns, rows)
        files.append(Written(file, len(rows)))
    return files


def _informative_columns(rows: list[Row]) -> list[str]:
    names = dict.fromkeys(name for row in rows for name in row)
    return [name for name in names if any(_is_reproducible(row.get(name)) for row in rows)]


def _is_reproducible(value: Any) -> bool:
    return value is not None and not (isinstance(value, datetime) and abs(datetime.now(UTC) - value) < _RECENT)


def _write(path: Path, columns: list[str], rows: list[Row]) -> Path:
    if path.suffix == ".csv" and not fits_csv(rows, columns):
        path.unlink(missing_ok=True)
        path = path.with_suffix(".jsonl")
    if path.suffix == ".jsonl":
        path.write_text("".join(json_line(row, columns) for row in rows), encoding="utf-8")
        return path
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([shown(row.get(name)) for name in columns] for row in rows)
    return path
