"""The files of a job to begin with, laid beside those that are there."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

from headrace.authoring import json_schemas
from headrace.authoring.new import avro, file_text, sample
from headrace.authoring.new.request import Request
from headrace.authoring.new.shape import Plain, Row, Shape, Windowed
from headrace.errors import Place, PlatformError, Problem, UserError
from headrace.planner.in_process.values import shown
from headrace.project import source_files, table_files, yaml_file
from headrace.project.paths import Project
from headrace.project.system_tables import LATE_READINGS
from headrace.project.table import Column
from headrace_udfs.contract import Contract


def write_files(project: Project, wish: Request) -> list[Path]:
    """Write the job's folder, and its table's file if there is none; returns the files. Nothing is written over.

    Raises UserError where the source cannot be put in windows, or the table is there and does not fit.
    """
    made = _files(project, wish)
    for path, content in made.items():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8") as file:
                file.write(content)
        except FileExistsError:
            raise UserError(
                "this file is there already", Place.of(path), "move it away, or name the job otherwise"
            ) from None
        except OSError as error:
            raise PlatformError(f"it cannot be written: {error.strerror}", Place.of(path)) from None
    return list(made)


def _files(project: Project, wish: Request) -> dict[Path, str]:
    contract = source_files.load(project, wish.source)
    shape = _shape(project, wish, contract)
    columns = _columns(project, wish, shape)
    folder, table = project.sql / wish.name, table_files.path_of(project, wish.sink)
    case = folder / "tests" / ("two_windows" if wish.window else "good_and_bad")
    readings = sample.readings(contract, wish.span)
    values = {
        "wish": wish,
        "contract": contract,
        "measure": (measure := sample.measure(contract)),
        "is_double": measure is not None and contract.fields[measure].type == "double",
        "columns": columns,
        "clock": shown(max(reading.ts for reading in readings)),
    }

    def yaml(path: Path, kind: str) -> str:
        return json_schemas.modeline(project, path, kind) + file_text.rendered(f"{kind}.yaml", **values)

    made = {
        folder / "job.yaml": yaml(folder / "job.yaml", "job"),
        folder / f"{wish.sink}.sql.j2": file_text.rendered(f"{shape.template}.sql", **values),
        folder / "checks.sql": file_text.rendered(f"{shape.template}.checks.sql", **values),
        case / "case.yaml": yaml(case / "case.yaml", "case"),
        case / f"source.{wish.source}.jsonl": "".join(sample.payload(contract, r) + "\n" for r in readings),
        case / f"expect.{wish.sink}.csv": _csv(shape.rows(readings), columns),
    }
    if contract.registered:
        made[case / f"source.{wish.source}.avsc"] = avro.schema(contract)
    if late := [{"key": r.fields[contract.key], "ts": r.ts} for r in readings if r.late]:
        made[case / f"expect.{LATE_READINGS}.csv"] = _csv(late, late[0])
    if not table.is_file():
        made[table] = yaml(table, "table")
    return made


def _shape(project: Project, wish: Request, contract: Contract) -> Shape:
    if wish.span is None:
        return Plain(contract, wish.source)
    if problem := source_files.no_event_time(wish.source, contract):
        raise UserError(problem.what, Place.of(project.sql / "_sources" / f"{wish.source}.yaml"), problem.fix)
    return Windowed(contract, wish.source, wish.span)


def _columns(project: Project, wish: Request, shape: Shape) -> dict[str, Column]:
    """What the SELECT gives, less what a table that is there has no column for."""
    given, file = shape.columns(), table_files.path_of(project, wish.sink)
    if not file.is_file():
        return given
    table = table_files.pick(project, [wish.sink])[wish.sink]
    problems = []
    for name, column in table.columns.items():
        where = yaml_file.place(file, ("columns", name))
        if name not in given and column.required:
            problems.append(Problem(f"{wish.sink} requires '{name}', which is not among what the job gives", where))
        elif name in given and given[name].type != column.type:
            what = f"'{name}' of {wish.sink} is a {column.type}, and what the job gives is a {given[name].type}"
            problems.append(Problem(what, where))
    if table.key:
        problems.append(Problem(f"{wish.sink} is upserted by a key", yaml_file.place(file, ("key",))))
    absent = [name for name in shape.needed() if name not in table.columns]
    problems += [Problem(f"{wish.sink} has no column '{name}'", yaml_file.place(file, ("columns",))) for name in absent]
    if problems:
        fix = "name a table of the job's own: --sink <namespace>.<table>"
        raise UserError([Problem(p.what, p.where, fix) for p in problems])
    return {name: column for name, column in given.items() if name in table.columns}


def _csv(rows: list[Row], columns: Any) -> str:
    """The rows in those of the columns that hold something in one of them."""
    names = [name for name in columns if any(row.get(name) is not None for row in rows)]
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([shown(row.get(name)) for name in names] for row in rows)
    return file.getvalue()
