"""Annex A of OPC UA Part 13 in the machine-readable form of the OPC Foundation: AggregateExamples.csv.

It is in the folder Schema of the repository OPCFoundation/UA-Nodeset; the figures here are those of the tag
UA-1.05.02-2022-11-01.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import reduce
from itertools import pairwise
from pathlib import Path

import numpy as np

from headrace.historian.aggregates import AGGREGATES
from headrace.historian.aggregates.aggregate_input import AggregateInput, Values
from headrace.historian.series.cells import Cells
from headrace.historian.series.configuration import Configuration
from headrace.historian.series.intervals import Every, cut, microseconds
from headrace.historian.series.points import Points
from headrace.historian.series.status import Bits

_DAY = datetime(2024, 1, 1, tzinfo=UTC)  # the annex has times only
START, END = (microseconds(_DAY + timedelta(hours=12, seconds=seconds)) for seconds in (0, 100))

_CODES = {
    "Good": 0,
    "Uncertain": 0x40000000,
    "UncertainDataSubNormal": 0x40A40000,
    "Bad": 0x80000000,
    "BadNoData": 0x809B0000,
}
_BITS = {
    "Calculated": Bits.CALCULATED,
    "Interpolated": Bits.INTERPOLATED,
    "Partial": Bits.PARTIAL,
    "MultipleValues": Bits.MULTIPLE,
}
_WORDS = {"true": 1.0, "false": 0.0, "": np.nan, "undefined": np.nan}


@dataclass(frozen=True)
class Line:
    """One line of a table: its time of day as printed, its microseconds, value and StatusCode."""

    time: str
    us: int
    value: float
    decimals: int
    status: int


@dataclass(frozen=True)
class Table:
    """A table of the annex for one series: the readings themselves, or an aggregate of every interval."""

    series: str
    settings: dict[str, str]
    lines: list[Line]
    aggregate: str = ""

    @property
    def every(self) -> Every:
        """The length of an interval."""
        return Every(int(self.settings["Processing Interval"]) * 1_000, "us")

    def points(self) -> Points:
        """Return the lines as readings."""
        status = np.array([line.status for line in self.lines], np.uint32)
        ts, value = (np.array([getattr(line, name) for line in self.lines]) for name in ("us", "value"))
        return Points.of([self.series], np.zeros(len(ts), np.int64), ts, value, status).since_creation()

    def ours(self, readings: Table) -> Values:
        """Return our own results for this table."""
        of = self.settings
        configuration = Configuration(
            of["Treat Uncertain as Bad"] == "true",
            int(of["Percent Bad"]),
            int(of["Percent Good"]),
            of["Use Sloped Extrapolation"] == "true",
        )
        cells = Cells.of(cut(START, END, self.every), 1)
        stepped = np.array([of["Stepped"] == "true"])
        return AGGREGATES[self.aggregate](AggregateInput(readings.points(), cells, stepped, configuration))


def read(file: Path) -> tuple[dict[str, Table], list[Table]]:
    """Return the series by name, and the tables of results."""
    rows = [row for row in csv.reader(file.read_text(encoding="utf-8").splitlines()) if row]
    starts = [at for at, row in enumerate(rows) if re.fullmatch(r"Historian\d", row[0])]
    tables = [_table(rows[start - 1], rows[start:end]) for start, end in pairwise([*starts, len(rows)])]
    series = {table.series: table for table in tables if not table.aggregate}
    return series, [table for table in tables if table.aggregate]


def _table(before: list[str], rows: list[list[str]]) -> Table:
    settings = {row[0].strip(): row[1] for row in rows if len(row) == 2}
    lines = [_line(*row[:3]) for row in rows if re.match(r"\d\d:\d\d:\d\d", row[0])]
    return Table(rows[0][0], settings, lines, before[1] if before[0] == "Aggregate" else "")


def _line(time: str, value: str, status: str) -> Line:
    hours, minutes, seconds = time.split(":")
    at = _DAY + timedelta(hours=int(hours), minutes=int(minutes), seconds=float(seconds))
    code, *bits = status.replace("_", "").split(", ")
    flags = reduce(int.__or__, (_BITS[bit] for bit in bits), 0)
    number = _WORDS[value] if value in _WORDS else _CODES[value] if value in _CODES else float(value)
    decimals = len(value.partition(".")[2]) or 6
    return Line(
        time.removesuffix(".000"), microseconds(at), number, decimals, _CODES[code] | flags | (0x400 * bool(flags))
    )
