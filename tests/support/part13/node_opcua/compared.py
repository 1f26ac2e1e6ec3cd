"""The results of node-opcua for each interval of the committed series, next to those of our own aggregates."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from headrace.historian.aggregates import AGGREGATES
from headrace.historian.aggregates.aggregate_input import AggregateInput
from headrace.historian.series.cells import Cells, Intervals
from headrace.historian.series.configuration import Configuration
from headrace.historian.series.intervals import Every, cut
from headrace.historian.series.points import Points
from headrace.historian.series.status import Bits

HERE = Path(__file__).parent
Result = tuple[float | None, int]
"""Value and StatusCode."""

_MS = 1_000
_ALL_BITS = int(sum(Bits))
_DATA_VALUE = 0x0400


@dataclass(frozen=True)
class Row:
    """A reading; `at` is milliseconds since 1970."""

    at: int
    value: float | None
    quality: int

    @property
    def good(self) -> bool:
        return self.quality >> 30 == 0

    @property
    def uncertain(self) -> bool:
        return self.quality >> 30 == 1

    @property
    def bad(self) -> bool:
        return self.quality >> 31 == 1


@dataclass(frozen=True)
class Series:
    """One entry of series.json: rows and a query."""

    name: str
    rows: list[Row]
    start: int
    end: int
    every: int
    stepped: bool
    configuration: Configuration

    @cached_property
    def read(self) -> list[Row]:
        """The rows that node-opcua reads: those from the start of the query to its end."""
        return [row for row in self.rows if self.start <= row.at <= self.end]

    def usable(self, row: Row) -> bool:
        return row.good or (row.uncertain and not self.configuration.treat_uncertain_as_bad)

    def results(self, name: str, rows: list[Row], *, whole: bool = False) -> list[Result]:
        """Return our own results of the aggregate `name`; with `whole`, the last interval keeps its full length."""
        intervals = cut(self.start * _MS, self.end * _MS, Every(self.every * _MS, "us"))
        if whole:
            ends = intervals.start + self.every * _MS
            intervals = Intervals(intervals.start, ends, np.zeros(len(intervals), np.bool_))
        points = Points.of(
            [self.name],
            np.zeros(len(rows), np.int64),
            np.array([row.at * _MS for row in rows], np.int64),
            np.array([np.nan if row.value is None else row.value for row in rows], np.float64),
            np.array([row.quality for row in rows], np.uint32),
        )
        inputs = AggregateInput(points, Cells.of(intervals, 1), np.array([self.stepped]), self.configuration)
        values = AGGREGATES[name](inputs)
        return [
            (None if np.isnan(value) else float(value), int(status))
            for value, status in zip(values.value, values.status, strict=True)
        ]


@dataclass(frozen=True)
class Cell:
    """One interval of one series and one aggregate.

    `ours` is our result; `read` is our result from the rows that node-opcua reads, with the last interval at full
    length; `theirs` is the result of node-opcua, None if it failed.
    """

    series: Series
    aggregate: str
    start: int
    ours: Result
    read: Result
    theirs: Result | None

    def __str__(self) -> str:
        at = (self.start - self.series.start) / 1000
        theirs = self.theirs and f"{self.theirs[0]} {self.theirs[1]:#010x}"
        return f"{self.aggregate} {self.series.name} +{at:g} s: ours {self.ours[0]} {self.ours[1]:#010x}, not {theirs}"

    @property
    def end(self) -> int:
        """The end of the interval if the query did not cut it short."""
        return self.start + self.series.every

    @cached_property
    def inside(self) -> list[Row]:
        return [row for row in self.series.read if self.start <= row.at < self.end]

    @cached_property
    def before(self) -> list[Row]:
        return [row for row in self.series.read if row.at < self.start]

    @cached_property
    def after(self) -> list[Row]:
        """The rows that node-opcua reads at the start of the interval or later."""
        return [row for row in self.series.read if row.at >= self.start]

    @property
    def differs(self) -> bool:
        return self.theirs is None or not same(self.ours, self.theirs)


def same(ours: Result, theirs: Result) -> bool:
    """Return whether value and status are equal, as if node-opcua had set the info type that its bits require."""
    value, status = theirs
    if (value is None) != (ours[0] is None) or ours[1] != with_info_type(status):
        return False
    return value is None or ours[0] is None or abs(value - ours[0]) <= 1e-9 * max(1, abs(value))


def with_info_type(status: int) -> int:
    return status | _DATA_VALUE if status & _ALL_BITS else status


def series() -> list[Series]:
    """Return the committed series; rows of the same instant are in the order in which they count."""
    entries = json.loads((HERE / "series.json").read_text(encoding="utf-8"))
    return [
        Series(**each | {"rows": [Row(*row) for row in each["rows"]], "configuration": Configuration(**configuration)})
        for each in entries
        for configuration in [each["configuration"]]
    ]


def cells() -> Iterator[Cell]:
    """Yield every interval of every series and aggregate that node-opcua calculated."""
    answers: dict[str, dict[str, Any]] = json.loads((HERE / "answers.json").read_text(encoding="utf-8"))
    for each in series():
        for name, theirs in answers[each.name].items():
            ours, read = each.results(name, each.rows), each.results(name, each.read, whole=True)
            results = [None] * len(ours) if isinstance(theirs, str) else [(value, status) for value, status in theirs]
            for number, cell in enumerate(zip(ours, read, results, strict=True)):
                yield Cell(each, name, each.start + number * each.every, *cell)
