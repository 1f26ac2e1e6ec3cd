"""Read a plant's list of tags from a CSV file."""

from __future__ import annotations

import csv
from pathlib import Path

import pyarrow as pa

from headrace.errors import Place, Problem, UserError, did_you_mean
from headrace.historian.tags import tags
from headrace.historian.tags.tags import Tag

_TYPES = {name: pa.float64() if name.endswith("_limit") else pa.string() for name in Tag.model_fields}


def read(path: Path) -> pa.Table:
    """Return the rows of a CSV file as a table with the columns of `Tag` that the file has; empty cells are null.

    Raises UserError with every problem of the file, each at its line.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            columns = _header(path, list(reader.fieldnames or []))
            rows, lines = [], []
            for row in reader:
                rows.append(row)
                lines.append(reader.line_num)
    except OSError as error:
        raise UserError(f"cannot be read: {error.strerror}", Place.of(path)) from None
    except UnicodeDecodeError as error:
        raise UserError(f"not UTF-8 text: {error.reason} at byte {error.start}", Place.of(path)) from None
    except csv.Error as error:
        raise UserError(f"not CSV: {error}", Place.of(path, reader.line_num + 1)) from None
    _same_width(path, rows, lines)
    filled = [{name: value for name, value in row.items() if value} for row in rows]
    tags.check(filled, lambda index: Place.of(path, lines[index]))
    values = {name: [_value(row.get(name), _TYPES[name]) for row in filled] for name in columns}
    return pa.table(values, schema=pa.schema([(name, _TYPES[name]) for name in columns]))


def _header(path: Path, columns: list[str]) -> list[str]:
    problems = []
    for name in columns:
        if name not in _TYPES:
            fix = did_you_mean(name, _TYPES, "columns, separated by commas")
            problems.append(Problem(f"unknown column '{name}'", Place.of(path, 1), fix))
        if columns.count(name) > 1:
            problems.append(Problem(f"column '{name}' appears twice", Place.of(path, 1), "keep one"))
    if "tag" not in columns:
        problems.append(
            Problem("there is no column 'tag'", Place.of(path, 1), "add it to the first line, which names the columns")
        )
    if problems:
        raise UserError(list(dict.fromkeys(problems)))
    return columns


def _same_width(path: Path, rows: list[dict[str, str]], lines: list[int]) -> None:
    """Raise UserError for rows with more or fewer cells than the header.

    csv.DictReader puts extra cells under the key None, and None for missing cells.
    """
    wrong = [line for row, line in zip(rows, lines, strict=True) if None in row or None in row.values()]
    if wrong:
        fix = "quote a text that contains a comma"
        raise UserError(
            [Problem("the number of cells differs from the first line", Place.of(path, line), fix) for line in wrong]
        )


def _value(cell: str | None, kind: pa.DataType) -> str | float | None:
    return float(cell) if cell and kind == pa.float64() else cell
