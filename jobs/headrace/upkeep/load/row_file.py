"""Read the rows of a CSV, JSON lines or Parquet file for a table, with every fault at its line."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
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
    if path.suffix not in kinds:
        what = f"rows are read from {', '.join(kinds)} files, not from '{path.suffix or path.name}'"
        raise UserError(what, Place.of(path), "rename the file, or convert it")
    problems: list[Problem] = []
    try:
        found = [*kinds[path.suffix](path, problems)]
    except OSError as error:
        raise UserError(f"cannot be read: {error.strerror or error}", Place.of(path)) from None
    except UnicodeDecodeError as error:
        raise UserError(f"not UTF-8 text: {error.reason} at byte {error.start}", Place.of(path)) from None
    except (csv.Error, pa.ArrowException) as error:
        raise UserError(f"not a {path.suffix.removeprefix('.')} file: {error}", Place.of(path)) from None
    names = dict.fromkeys(name for _, row in found for name in row)
    for name in names:
        if name not in table.columns:
            fix = did_you_mean(name, table.columns, "it has")
            problems.append(Problem(f"the table has no column '{name}'", Place.of(path, 1), fix))
    known = {name: table.columns[name] for name in names if name in table.columns}
    convert = from_text if path.suffix == ".csv" else typed
    rows = [_row(raw, known, convert, Place.of(path, line), problems) for line, raw in found]
    problems += _repeated(path, table.key, list(zip((line for line, _ in found), rows, strict=True)))
    if problems:
        raise UserError(_reported(problems))
    return RowFile(tuple(names), rows)


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
            problems.append(Problem(f"column {name} is required, and empty here", where))
    return row


def _csv(path: Path, problems: list[Problem]) -> Iterator[tuple[int, Row]]:
    """Yield the line on which each row begins, and its cells; an empty cell is null."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, strict=True)
        header = next(reader, [])
        if twice := [name for name in header if header.count(name) > 1]:
            raise UserError(f"the column '{twice[0]}' is there twice", Place.of(path, 1), "keep one")
        line = reader.line_num + 1
        for cells in reader:
            if len(cells) == len(header):
                yield line, {name: cell or None for name, cell in zip(header, cells, strict=True)}
            elif cells:
                what = f"{len(cells)} cells, and the first line has {len(header)}"
                problems.append(Problem(what, Place.of(path, line), "put a text that contains a comma in quotes"))
            line = reader.line_num + 1


def _jsonl(path: Path, problems: list[Problem]) -> Iterator[tuple[int, Row]]:
    with path.open(encoding="utf-8") as file:
        for line, text in enumerate(file, 1):
            if not text.strip():
                continue
            try:
                row = json.loads(text, object_pairs_hook=_distinct)
            except ValueError as error:
                problems.append(Problem(f"not JSON: {error}", Place.of(path, line), "write a row as one JSON object"))
                continue
            if isinstance(row, Mapping):
                yield line, dict(row)
            else:
                problems.append(Problem("not a JSON object", Place.of(path, line), 'write {"column": value, ...}'))


def _parquet(path: Path, _problems: list[Problem]) -> Iterator[tuple[int, Row]]:
    """Yield the number of each row, from 1, and its values."""
    number = 0
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches():
            for row in batch.to_pylist():
                number += 1
                yield number, row


def _distinct(pairs: list[tuple[str, Any]]) -> Row:
    row = dict(pairs)
    if len(row) < len(pairs):
        raise ValueError("a key is there twice")
    return row


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
