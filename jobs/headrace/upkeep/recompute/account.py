"""What windows have counted, held against the readings stored: a late one of which no list tells shows here."""

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
"""How many readings are counted at once; more of one window are too."""


@dataclass(frozen=True)
class Difference:
    """A window of one key, of which the job's table counts `counted` readings, and account.sql `stored`."""

    key: str
    start: datetime
    stored: int
    counted: int

    @property
    def name(self) -> Name:
        return self.key, self.start


@dataclass(frozen=True)
class Books:
    """The tables called `readings` and `table`, the job's own, as both stand when they are opened."""

    connection: DuckDBPyConnection
    account: ExpectedCounts
    readings: str
    table: str

    def spans(self, first: datetime, last: datetime, length: timedelta) -> Iterator[tuple[datetime, datetime]]:
        """[first, last) in parts of whole windows, of some AT_ONCE readings each."""
        self.connection.sql(f"from {self.readings}").create_view("stored", replace=True)
        values = {"length": length, "first": first, "last": last}
        begin, many = first, 0
        for start, readings in warehouse.run(self.connection, _QUERIES / "count_spans.sql", values).fetchall():
            if many and many + readings > AT_ONCE:
                yield begin, start
                begin, many = start, 0
            many += readings
        if begin < last:
            yield begin, last

    def between(self, start: datetime, end: datetime) -> list[Difference]:
        """The windows of [start, end) that differ, of all keys."""
        return self._within(_from(start, end))

    def of(self, windows: Sequence[Window]) -> list[Difference]:
        """Those of the windows, of one day or so, that differ."""
        start, end = min(each.window_start for each in windows), max(each.window_end for each in windows)
        keys = (ConstantExpression(key) for key in sorted({each.key for each in windows}))
        found = self._within(_from(start, end) & ColumnExpression(self.account.key).isin(*keys))
        wanted = {each.name for each in windows}
        return [each for each in found if each.name in wanted]

    def check(self, readings: pa.Table, rows: Iterable[Row]) -> None:
        """Raises UserError where the rows that the job made of the readings count another number than the account."""
        columns = {self.account.key: pa.string(), "ts": pa.timestamp("us", "UTC"), self.account.count: pa.int64()}
        held = pa.Table.from_pylist([*rows], pa.schema(columns.items()))
        wrong = self._differences(self.connection.from_arrow(readings), self.connection.from_arrow(held))
        if wrong:
            first = wrong[0]
            what = f"of {first.key} from {first.start.isoformat()} on, the account has {first.stored:,} readings"
            more = f", and so {len(wrong) - 1:,} more" if len(wrong) > 1 else ""
            fix = "have the account count as the job does: it is right where nothing is late, too"
            raise UserError(f"{what}, the job's own SQL {first.counted:,}{more}", self.account.place, fix)

    def _within(self, within: Expression) -> list[Difference]:
        stored, held = (self.connection.sql(f"from {name}").filter(within) for name in (self.readings, self.table))
        return self._differences(stored, held)

    def _differences(self, stored: DuckDBPyRelation, held: DuckDBPyRelation) -> list[Difference]:
        stored.create_view(READINGS, replace=True)
        with warehouse.errors_reported():
            self._counts(self.connection.sql(self.account.sql)).create_view("account", replace=True)
        self._counts(held).create_view("held", replace=True)
        return [
            Difference(*row)
            for row in warehouse.run(self.connection, _QUERIES / "count_differences.sql", {}).fetchall()
        ]

    def _counts(self, rows: DuckDBPyRelation) -> DuckDBPyRelation:
        columns = {"key": self.account.key, "ts": "ts", "readings": self.account.count}
        return rows.select(*(ColumnExpression(name).alias(told) for told, name in columns.items()))


@contextmanager
def opened(settings: Settings, account: ExpectedCounts, readings: str, table: str) -> Iterator[Books]:
    """The account of the job that writes `table`, by the readings of another. Raises PlatformError."""
    with warehouse.open(settings, [readings, table]) as connection:
        yield Books(connection, account, readings, table)


def _from(start: datetime, end: datetime) -> Expression:
    ts = ColumnExpression("ts")
    return (ts >= ConstantExpression(start)) & (ts < ConstantExpression(end))
