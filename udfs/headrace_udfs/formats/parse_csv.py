"""CSV as defined by RFC 4180: one reading per row, as texts by the names of the columns."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from headrace_udfs.faults import Code, Fault, Refused, readable, shown
from headrace_udfs.formats.documents import MAX_VALUES, Documents, Wanted, text_of, too_many_values

BYTE_ORDER_MARK = "\ufeff"


def parse(
    payload: bytes, delimiter: str = ",", columns: Sequence[str] | None = None, wanted: Wanted | None = None
) -> Documents:
    """Return one document per row: an object of texts by column; None where a cell is empty. Blank lines are no rows.

    columns: names of the columns; None if the first row of each payload has them. wanted: the columns that are read;
    None for all. A row with another number of columns, or with a quotation mark in a wrong place, is a fault. Raises
    Refused if the payload is not UTF-8 or has no rows, or if two columns that are read have the same name.
    """
    text = text_of(payload).removeprefix(BYTE_ORDER_MARK)
    rows = _rows(text, delimiter)
    names = list(columns) if columns else _header(rows, wanted)
    if len(rows) * len(names) > MAX_VALUES:
        raise too_many_values(len(rows) * len(names))
    if not rows:
        raise Refused(Code.NO_READINGS, "the text has no rows")
    width = len(names)
    return [
        row if isinstance(row, Fault)
        else dict(zip(names, [cell or None for cell in row], strict=True)) if len(row) == width
        else _of_another_width(row, width, delimiter)
        for row in rows
    ]  # fmt: skip


def _rows(text: str, delimiter: str) -> list[list[str] | Fault]:
    reader = csv.reader(io.StringIO(text, newline="\n"), delimiter=delimiter, strict=True)
    rows: list[list[str] | Fault] = []
    cells = 0
    while True:
        try:
            for row in reader:
                if row:
                    rows.append(row)
                    cells += len(row)
                    if cells > MAX_VALUES:
                        raise too_many_values(cells)
        except csv.Error as error:
            rows.append(Fault(Code.NOT_CSV, readable(f"row {len(rows) + 1}, line {reader.line_num}: {error}")))
        else:
            return rows


def _header(rows: list[list[str] | Fault], wanted: Wanted | None) -> list[str]:
    """Take the header from `rows` and return it. Raises Refused if there is none that can be read."""
    header = rows.pop(0)
    if isinstance(header, Fault):
        raise Refused(*header)
    for name in header if wanted is None else wanted:
        if header.count(name) > 1:
            raise Refused(Code.DUPLICATE_KEY, f"{header.count(name)} columns have the name {shown(name)}")
    return header


def _of_another_width(row: list[str], width: int, delimiter: str) -> Fault:
    found = f"{len(row)} column{'s' if len(row) > 1 else ''}"
    return Fault(Code.WRONG_COLUMNS, f"the row has {found} and the table {width}: {shown(delimiter.join(row))}")
