"""Write the files of a new job next to those that exist."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from headrace.authoring import json_schemas
from headrace.authoring.new import avro_schema, examples, file_text, sample
from headrace.authoring.new.masked import masked
from headrace.authoring.new.request import Request
from headrace.authoring.new.shape import POSITION, Plain, Row, Shape, Windowed
from headrace.errors import Place, PlatformError, Problem, UserError
from headrace.planner.in_process.values import fits_csv, json_line, shown
from headrace.project import job_folder, source_files, table_files, yaml_file
from headrace.project.paths import Project
from headrace.project.system_tables import LATE_READINGS
from headrace.project.table import Column, Defaults
from headrace_udfs.contract import Contract

# Good defaults for a table that a job writes every few seconds; left out of its file if _defaults.yaml sets them.
_PROPERTIES = {
    "write.parquet.compression-codec": "zstd",
    "write.parquet.row-group-size-bytes": "33554432",
    "write.parquet.row-group-check-min-record-count": "10",
    "write.parquet.row-group-check-max-record-count": "10",
    "write.metadata.delete-after-commit.enabled": "true",
    "write.metadata.previous-versions-max": "100",
}


def write_files(project: Project, request: Request) -> list[Path]:
    """Write the job's folder, and its table's file if there is none. Returns the paths of the files.

    Raises UserError if a file exists already, if the source cannot be windowed, or if the table exists and does not
    fit; PlatformError if a file cannot be written.
    """
    return write_all(_files(project, request))


def write_all(texts: Mapping[Path, str]) -> list[Path]:
    """Write new files and return their paths.

    Raises UserError if one exists, PlatformError if one cannot be written.
    """
    for path, content in texts.items():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8") as file:
                file.write(content)
        except FileExistsError:
            fix = "move it away, or choose another name"
            raise UserError("this file exists already", Place.of(path), fix) from None
        except OSError as error:
            raise PlatformError(f"cannot be written: {error.strerror}", Place.of(path)) from None
    return list(texts)


def _files(project: Project, request: Request) -> dict[Path, str]:
    contract = source_files.load(project, request.source)
    shape = _shape(project, request, contract)
    columns = _columns(project, request, shape)
    folder, table = project.sql / request.name, table_files.path_of(project, request.sink)
    case = folder / "tests" / ("two_windows" if request.window else "good_and_bad")
    given = examples.of(project, request.source, contract)
    readings = given.readings if given else sample.readings(contract, request.span)
    stored = masked(contract, readings, windowed=request.window is not None)
    shared = _shared(project)
    values = {
        "request": request,
        "contract": contract,
        "measure": (measure := sample.measure(contract)),
        "is_double": measure is not None and contract.fields[measure].type == "double",
        "columns": columns,
        "included": POSITION if _shares_position(shared, columns) else (),
        "properties": {name: value for name, value in _PROPERTIES.items() if name not in shared.properties},
        "clock": shown(max(reading.ts for reading in readings)),
    }

    def yaml(path: Path, kind: str) -> str:
        return json_schemas.modeline(project, path, kind) + file_text.rendered(f"{kind}.yaml", **values)

    texts = {
        folder / "job.yaml": yaml(folder / "job.yaml", "job"),
        folder / f"{request.sink}.sql.j2": file_text.rendered(f"{shape.template}.sql", **values),
        folder / job_folder.CHECKS: file_text.rendered(f"{shape.template}.checks.sql", **values),
        case / "case.yaml": yaml(case / "case.yaml", "case"),
        case / f"source.{request.source}.jsonl": given.text
        if given
        else "".join(sample.payload(contract, r) + "\n" for r in readings),
        **_expected(case, request.sink, shape.rows(stored), columns),
    }
    if contract.format == "avro":
        texts[case / f"source.{request.source}.avsc"] = avro_schema.avro_schema(contract)
    if late := [{"key": r.fields[contract.key], "ts": r.ts} for r in stored if r.late]:
        texts[case / f"expect.{LATE_READINGS}.csv"] = _csv(late, late[0])
    if not table.is_file():
        texts[table] = yaml(table, "table")
    return texts


def _shared(project: Project) -> Defaults:
    path = project.sql / "_tables" / "_defaults.yaml"
    return yaml_file.load(path, Defaults) if path.is_file() else Defaults()


def _shares_position(shared: Defaults, columns: dict[str, Column]) -> bool:
    """Return whether a table with these columns can include them from _defaults.yaml as the group `position`."""
    return [*shared.columns.get("position", {})] == [*POSITION] and set(POSITION) <= set(columns)


def _shape(project: Project, request: Request, contract: Contract) -> Shape:
    if request.span is None:
        return Plain(contract, request.source)
    if problem := source_files.no_event_time(request.source, contract):
        raise UserError(problem.what, Place.of(project.sql / "_sources" / f"{request.source}.yaml"), problem.fix)
    return Windowed(contract, request.source, request.span)


def _columns(project: Project, request: Request, shape: Shape) -> dict[str, Column]:
    """Return the columns of the SELECT, without those that an existing table does not have."""
    given, file = shape.columns(), table_files.path_of(project, request.sink)
    if not file.is_file():
        return given
    table = table_files.pick(project, [request.sink])[request.sink]
    problems = []
    for name, column in table.columns.items():
        where = yaml_file.place(file, ("columns", name))
        if name not in given and column.required:
            problems.append(Problem(f"{request.sink} requires '{name}', which the job does not select", where))
        elif name in given and given[name].type != column.type:
            what = f"'{name}' of {request.sink} is a {column.type}, but the job selects a {given[name].type}"
            problems.append(Problem(what, where))
    if table.key:
        problems.append(
            Problem(f"{request.sink} has a key, so a job cannot append to it", yaml_file.place(file, ("key",)))
        )
    absent = [name for name in shape.needed() if name not in table.columns]
    problems += [
        Problem(f"{request.sink} has no column '{name}'", yaml_file.place(file, ("columns",))) for name in absent
    ]
    if problems:
        fix = "choose a table of the job's own: --sink <namespace>.<table>"
        raise UserError([Problem(p.what, p.where, fix) for p in problems])
    return {name: column for name, column in given.items() if name in table.columns}


def _expected(case: Path, sink: str, rows: list[Row], columns: Any) -> dict[Path, str]:
    """Return the file of expected rows, which is CSV if that can hold them."""
    if fits_csv(rows, columns):
        return {case / f"expect.{sink}.csv": _csv(rows, columns)}
    names = [name for name in columns if any(row.get(name) is not None for row in rows)]
    return {case / f"expect.{sink}.jsonl": "".join(json_line(row, names) for row in rows)}


def _csv(rows: list[Row], columns: Any) -> str:
    """Return the rows as CSV, without the columns that are null in every row."""
    names = [name for name in columns if any(row.get(name) is not None for row in rows)]
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([shown(row.get(name)) for name in names] for row in rows)
    return file.getvalue()
