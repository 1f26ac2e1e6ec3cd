"""A table as the text of a CSV file, part after part."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pyarrow as pa
from pyarrow import csv

ROWS = 20_000


def parts(table: pa.Table) -> Iterator[bytes]:
    """The header, then ROWS rows at a time; times are ISO 8601 in UTC, what is missing is empty."""
    header = csv.WriteOptions(include_header=True)
    yield _text(table.slice(0, 0), header)
    for first in range(0, len(table), ROWS):
        yield _text(table.slice(first, ROWS), csv.WriteOptions(include_header=False))


def _text(table: pa.Table, options: csv.WriteOptions) -> bytes:
    out = io.BytesIO()
    csv.write_csv(table, out, options)
    return out.getvalue()
