"""Read the rows of a CSV, JSON lines or Parquet file for a table, with every fault at its line."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from headrace.errors import Place, Problem, UserError, did_you_mean
from headrace.project.table import Column, Table
from headrace.upkeep.load.values import WRITTEN, from_text, typed

Row = dict[str, Any]

MOST_REPORTED = 1_000
"""The most faults of one file that are reported."""


@dataclass(frozen=True)
class RowFile:
    """The columns that a file has, and its rows, each with all of them."""

    columns: tuple[str, ...]
    rows: list[Row]


def read(path: Path, table: Table) -> RowFile:
    """Return the rows of the file. Raises UserError with every fault in it, each with its line and column."""
    kinds = {".csv": _csv, ".jsonl": _jsonl, ".parquet": _parquet}
    suffix = path.suffix.lower()
    if suffix not in kinds:
        what = f"rows are read from {', '.join(kinds)} files, not from '{path.suffix or path.name}'"
        raise UserError(what, Place.of(path), "rename the file, or convert it")
    problems: list[Problem] = []
    try:
        found = [*kinds[suffix](path, problems)]
    except OSError as error:
        what = os.strerror(error.errno) if error.errno else str(error)
        raise UserError(f"cannot be read: {what}", Place.of(path)) from None
    except UnicodeDecodeError:
        raise UserError("not UTF-8 text", _not_utf_8(path), "save the file as UTF-8") from None
    except pa.ArrowException as error:
        raise UserError(f"not a Parquet file: {error}", Place.of(path), "write it again, or load a CSV file") from None
    names = dict.fromkeys(name for _, row in found for name in row)
    for name in names:
        if name not in table.columns:
            fix = did_you_mean(name, table.columns, "it has")
            problems.append(Problem(f"the table has no column '{name}'", Place.of(path, 1), fix))
    known = {name: table.columns[name] for name in names if name in table.columns}
    convert = from_text if suffix == ".csv" else typed
    rows = [_row(raw, known, convert, Place.of(path, line), problems) for line, raw in found]
    problems += _repeated(path, table.key, list(zip((line for line, _ in found), rows, strict=True)))
    if problems:
        raise UserError(_reported(problems))
    return RowFile(tuple(names), rows)


def _not_utf_8(path: Path) -> Place:
    """Return the line of the first byte that is not UTF-8. An error while reading counts from its own buffer."""
    content = path.read_bytes()
    try:
        content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return Place.of(path, content.count(b"\n", 0, error.start) + 1)
    return Place.of(path)


def _repeated(path: Path, key: Sequence[str], rows: list[tuple[int, Row]]) -> Iterator[Problem]:
    """Yield a problem for each row whose key an earlier row has."""
    first: dict[tuple[Any, ...], int] = {}
    for line, row in rows if key else []:
        own = tuple(row.get(name) for name in key)
        if None not in own and (earlier := first.setdefault(own, line)) != line:
            shown = ", ".join(f"{name} {value}" for name, value in zip(key, own, strict=True))
            yield Problem(f"the key {shown} is already at line {earlier}", Place.of(path, line), "keep one")


def _reported(problems: list[Problem]) -> list[Problem]:
    """Return the problems of a file in the order of its lines, the first MOST_REPORTED of them and how many follow."""
    ordered = sorted(problems, key=lambda each: each.where.line if isinstance(each.where, Place) else 0)
    more = len(ordered) - MOST_REPORTED
    return [*ordered[:MOST_REPORTED], *([Problem(f"and {more:,} more faults", ordered[0].where)] if more > 0 else [])]


def _row(
    raw: Row, known: Mapping[str, Column], convert: Callable[..., Any], where: Place, problems: list[Problem]
) -> Row:
    row: Row = {}
    for name, column in known.items():
        value = raw.get(name)
        try:
            row[name] = None if value is None else convert(value, column.type)
        except ValueError:
            what = f"column {name}: {_short(value)} is not a valid {column.type}"
            problems.append(Problem(what, where, f"write {WRITTEN[type(column.type)]}"))
            continue
        if value is None and column.required:
            problems.append(Problem(f"column {name} is required, and empty here", where, "write a value"))
    return row


def _csv(path: Path, problems: list[Problem]) -> Iterator[tuple[int, Row]]:
    """Yield the line on which each row begins, and its cells; an empty cell is null."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, strict=True)
        line = 1
        try:
            header = _header(next(reader, []), path)
            line = reader.line_num + 1
            for cells in reader:
                if len(cells) == len(header):
                    yield line, {name: cell or None for name, cell in zip(header, cells, strict=True)}
                elif cells:
                    what = f"{len(cells)} cell{'s' * (len(cells) > 1)}, and the first line has {len(header)}"
                    more = len(cells) > len(header)
                    fix = (
                        "put a text that contains a comma in quotes" if more else "write a comma for an empty cell too"
                    )
                    problems.append(Problem(what, Place.of(path, line), fix))
                line = reader.line_num + 1
        except csv.Error as error:
            fix = "close each quote before the next comma, and write a quote inside a quoted text twice"
            problems.append(Problem(f"not CSV from here on: {error}", Place.of(path, line), fix))


def _header(header: list[str], path: Path) -> list[str]:
    """Return the names of the columns. Raises UserError if they cannot be told apart."""
    where = Place.of(path, 1)
    if twice := [name for name in header if header.count(name) > 1]:
        if not twice[0]:
            raise UserError("several columns have no name", where, "name them, or delete them")
        raise UserError(f"the column '{twice[0]}' is there twice", where, "keep one")
    if "" in header:
        raise UserError(f"column {header.index('') + 1} has no name", where, "name it, or delete it")
    if len(header) == 1 and (found := [mark for mark in ";\t|" if mark in header[0]]):
        shown = {"\t": "a tab"}.get(found[0], f"'{found[0]}'")
        raise UserError(f"the columns are separated by {shown}", where, "save the file with commas between its columns")
    return header


def _jsonl(path: Path, problems: list[Problem]) -> Iterator[tuple[int, Row]]:
    with path.open(encoding="utf-8-sig") as file:
        for line, text in enumerate(file, 1):
            if not text.strip():
                continue
            try:
                row = json.loads(text, object_pairs_hook=_distinct)
            except (ValueError, RecursionError) as error:
                problems.append(Problem(f"not JSON: {error}", Place.of(path, line), "write a row as one JSON object"))
                continue
            if isinstance(row, Mapping):
                yield line, dict(row)
            else:
                problems.append(Problem("not a JSON object", Place.of(path, line), 'write {"column": value, ...}'))


def _parquet(path: Path, problems: list[Problem]) -> Iterator[tuple[int, Row]]:
    """Yield the number of each row, from 1, and its values."""
    number = 0
    with pq.ParquetFile(path) as file:
        names = _header(file.schema_arrow.names, path)
        for batch in file.iter_batches():
            columns = [
                _values(column, number, Place.of(path), name, problems)
                for name, column in zip(names, batch.columns, strict=True)
            ]
            for values in zip(*columns, strict=True):
                number += 1
                yield number, dict(zip(names, values, strict=True))


def _values(column: pa.Array, before: int, file: Place, name: str, problems: list[Problem]) -> list[Any]:
    """Return the values of a column of a batch that begins after the row `before`; None for those with a problem."""
    try:
        values: list[Any] = column.to_pylist()
    except (ValueError, OverflowError, LookupError):  # of Python's times: too far away, or in a zone that is not known
        values = []
        for at, value in enumerate(column, before + 1):
            try:
                values.append(value.as_py())
            except (ValueError, OverflowError, LookupError) as error:
                what = f"column {name}: a value of the type {column.type} cannot be read: {error}"
                problems.append(Problem(what, replace(file, line=at), "write a time of the years 1 to 9999"))
                values.append(None)
    return values


def _distinct(pairs: list[tuple[str, Any]]) -> Row:
    row = dict(pairs)
    if len(row) < len(pairs):
        raise ValueError("a key is there twice")
    return row


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
