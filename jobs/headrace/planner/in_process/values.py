"""Values in the files of test cases, typed by the columns of their table or topic."""

from __future__ import annotations

import base64
import binascii
import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from pyiceberg.types import (
    BinaryType,
    BooleanType,
    DateType,
    DecimalType,
    DoubleType,
    FloatType,
    IntegerType,
    LongType,
    PrimitiveType,
    TimestamptzType,
)

from headrace.errors import Place, Problem, UserError, did_you_mean
from headrace.project.table import Column

Row = dict[str, Any]

_WRITTEN: Mapping[type[PrimitiveType], str] = {
    DoubleType: "a number, like 20.5",
    FloatType: "a number, like 20.5",
    LongType: "a whole number",
    IntegerType: "a whole number",
    BooleanType: "true or false",
    TimestamptzType: "a time with its zone, like 2024-01-01T00:00:00Z",
    DateType: "a date, like 2024-01-01",
    DecimalType: "a number, like 20.5",
    BinaryType: "the bytes in base64",
}


def read_table(path: Path, columns: Mapping[str, Column]) -> list[Row]:
    """Return the rows of a .csv or .jsonl file, with the columns that the file has; an empty cell of CSV is null.

    Raises UserError with each unknown column and each value that does not have its column's type, with their lines.
    """
    problems: list[Problem] = []
    rows: list[Row] = []
    unknown: set[str] = set()
    for line, raw in _jsonl(path) if path.suffix == ".jsonl" else _csv(path):
        row: Row = {}
        for name, value in raw.items():
            if name not in columns:
                if name not in unknown:
                    where = Place.of(path, 1 if path.suffix == ".csv" else line)
                    fix = did_you_mean(name, columns, "columns")
                    problems.append(Problem(f"unknown column '{name}'", where, fix))
                unknown.add(name)
                continue
            try:
                row[name] = typed(value, columns[name].type)
            except ValueError as error:
                fix = f"write {_WRITTEN.get(type(columns[name].type), 'a text')}"
                problems.append(Problem(f"{name}: {error}", Place.of(path, line), fix))
        rows.append(row)
    if problems:
        raise UserError(problems)
    return rows


def header(path: Path) -> list[str]:
    """Return the columns that a .csv file names, or those of the rows of a .jsonl file."""
    if path.suffix == ".jsonl":
        return list(dict.fromkeys(name for _, row in _jsonl(path) for name in row))
    with path.open(encoding="utf-8-sig", newline="") as file:
        return next(csv.reader(file), [])


def typed(value: Any, kind: PrimitiveType) -> Any:
    """Convert a value of CSV or JSON to Python. Raises ValueError if it is not a value of the type `kind`."""
    if value is None:
        return None
    try:
        return _typed(value, kind)
    except (ValueError, TypeError, OverflowError, InvalidOperation, binascii.Error):
        raise ValueError(f"{value!r} is not a valid {kind}") from None


def _typed(value: Any, kind: PrimitiveType) -> Any:
    match kind:
        case DoubleType() | FloatType():
            return float(value)
        case LongType() | IntegerType():
            return int(value)
        case BooleanType():
            return {"true": True, "false": False}[str(value).lower()]
        case TimestamptzType():
            time = datetime.fromisoformat(str(value))
            if time.tzinfo is None:
                raise ValueError("without a zone")
            return time.astimezone(UTC)
        case DateType():
            return date.fromisoformat(value)
        case DecimalType():
            return Decimal(str(value))
        case BinaryType():
            return base64.b64decode(value, validate=True)
        case _:
            return str(value)


def fits_csv(rows: Iterable[Row], columns: Iterable[str]) -> bool:
    """Return whether CSV can hold the rows: an empty cell is null, so it has no empty text."""
    names = [*columns]
    return not any(row.get(name) == "" for row in rows for name in names)


def json_line(row: Row, columns: Iterable[str]) -> str:
    """Return a row as a line of JSON, with its line break."""
    plain = {name: row.get(name) for name in columns}
    kept = {n: v if isinstance(v, bool | int | float | str | None) else shown(v) for n, v in plain.items()}
    return json.dumps(kept, ensure_ascii=False) + "\n"


def shown(value: Any) -> str:
    """Return a value as a cell of CSV; null is empty."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        text = value.replace(tzinfo=None).isoformat(timespec="microseconds")  # strftime writes year 1 as 1, not 0001
        return f"{text.rstrip('0').rstrip('.')}Z"
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return repr(value) if isinstance(value, float) else str(value)


def _csv(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        for row in reader:
            if None in row or None in row.values():
                fix = "put a text that contains a comma in quotes"
                raise UserError(
                    "the number of cells differs from that of the first line", Place.of(path, reader.line_num), fix
                )
            yield reader.line_num, {name: value or None for name, value in row.items()}


def _jsonl(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    # Not splitlines(): it also breaks lines at characters that JSON may have in a text, such as U+2028.
    with path.open(encoding="utf-8-sig") as file:
        for line, text in enumerate(file, 1):
            try:
                row = json.loads(text)
            except json.JSONDecodeError as error:
                fix = 'write a row as one JSON object, like {"tag": "a", "value": 1.5}'
                raise UserError(f"not JSON: {error.msg}", Place.of(path, line, error.colno), fix) from None
            if not isinstance(row, dict):
                raise UserError("a row is a JSON object", Place.of(path, line), 'write {"column": value, ...}')
            yield line, row
