"""Compare the readings that windows count with those stored, to find late readings that no table lists."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa
from duckdb import ColumnExpression, ConstantExpression, DuckDBPyConnection, DuckDBPyRelation, Expression

from headrace.environment import warehouse
from headrace.environment.settings import Settings
from headrace.errors import UserError
from headrace.planner.in_process.values import Row
from headrace.upkeep.checks.expected_counts import READINGS, ExpectedCounts
from headrace.upkeep.recompute.dirty import Name, Window

_QUERIES = Path(__file__).parent / "queries"
AT_ONCE = 10_000_000
"""The most readings that are counted at once, unless a single window has more."""


@dataclass(frozen=True)
class Difference:
    """A window of one key whose counts differ: `counted` in the job's table, `stored` by expected_counts.sql.j2."""

    key: str
    start: datetime
    stored: int
    counted: int

    @property
    def name(self) -> Name:
        """The key and the start of the window."""
        return self.key, self.start


@dataclass(frozen=True)
class CountedWindows:
    """The table of readings and the job's own `table`, both by name, at the snapshots they had when opened."""

    connection: DuckDBPyConnection
    expected: ExpectedCounts
    readings: str
    table: str

    def spans(self, first: datetime, last: datetime, length: timedelta) -> Iterator[tuple[datetime, datetime]]:
        """Yield [first, last) in parts of whole windows, with up to AT_ONCE readings each."""
        self.connection.sql(f"from {self.readings}").create_view("stored", replace=True)
        values = {"length": length, "first": first, "last": last}
        begin, total = first, 0
        for start, readings in warehouse.run(self.connection, _QUERIES / "count_spans.sql", values).fetchall():
            if total and total + readings > AT_ONCE:
                yield begin, start
                begin, total = start, 0
            total += readings
        if begin < last:
            yield begin, last

    def between(self, start: datetime, end: datetime) -> list[Difference]:
        """Return the windows of [start, end) whose counts differ, for all keys."""
        return self._within(_from(start, end))

    def of(self, windows: Sequence[Window]) -> list[Difference]:
        """Return the windows whose counts differ; `windows` should span about a day, because all of it is read."""
        start, end = min(each.window_start for each in windows), max(each.window_end for each in windows)
        keys = (ConstantExpression(key) for key in sorted({each.key for each in windows}))
        differences = self._within(_from(start, end) & ColumnExpression(self.expected.key).isin(*keys))
        names = {each.name for each in windows}
        return [each for each in differences if each.name in names]

    def check(self, readings: pa.Table, rows: Iterable[Row]) -> None:
        """Compare the counts of `rows`, which the job computed from the readings, with the expected ones.

        Raises UserError if they differ: expected_counts.sql.j2 is wrong then.
        """
        columns = {self.expected.key: pa.string(), "ts": pa.timestamp("us", "UTC"), self.expected.count: pa.int64()}
        held = pa.Table.from_pylist([*rows], pa.schema(columns.items()))
        differences = self._differences(self.connection.from_arrow(readings), self.connection.from_arrow(held))
        if differences:
            first = differences[0]
            what = f"for {first.key} from {first.start.isoformat()} on, {first.stored:,} readings are expected"
            more = f"; {len(differences) - 1:,} more windows differ" if len(differences) > 1 else ""
            fix = "make the expected counts the job's own, which are right when no reading is late"
            raise UserError(f"{what}, but the job's own SQL counts {first.counted:,}{more}", self.expected.place, fix)

    def _within(self, within: Expression) -> list[Difference]:
        stored, held = (self.connection.sql(f"from {name}").filter(within) for name in (self.readings, self.table))
        return self._differences(stored, held)

    def _differences(self, stored: DuckDBPyRelation, held: DuckDBPyRelation) -> list[Difference]:
        stored.create_view(READINGS, replace=True)
        with warehouse.errors_reported():
            self._counts(self.connection.sql(self.expected.sql)).create_view("expected", replace=True)
        self._counts(held).create_view("held", replace=True)
        return [
            Difference(*row)
            for row in warehouse.run(self.connection, _QUERIES / "count_differences.sql", {}).fetchall()
        ]

    def _counts(self, rows: DuckDBPyRelation) -> DuckDBPyRelation:
        columns = {"key": self.expected.key, "ts": "ts", "readings": self.expected.count}
        return rows.select(*(ColumnExpression(name).alias(alias) for alias, name in columns.items()))


@contextmanager
def opened(settings: Settings, expected: ExpectedCounts, readings: str, table: str) -> Iterator[CountedWindows]:
    """Yield the windows of the job that writes `table`, with the table of the readings. Raises PlatformError."""
    with warehouse.open(settings, [readings, table]) as connection:
        yield CountedWindows(connection, expected, readings, table)


def _from(start: datetime, end: datetime) -> Expression:
    ts = ColumnExpression("ts")
    return (ts >= ConstantExpression(start)) & (ts < ConstantExpression(end))
