"""The readings around dirty windows that a job needs as well: those before them, and what follows them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa
from duckdb import ColumnExpression, DuckDBPyConnection, StarExpression
from pyiceberg.io.pyarrow import schema_to_pyarrow

from headrace.environment import iceberg, warehouse
from headrace.environment.settings import Settings
from headrace.project.job import Job
from headrace.project.system_tables import POSITION
from headrace.upkeep.recompute.dirty import Name, Window, start
from headrace.upkeep.recompute.readings import in_order

_QUERIES = Path(__file__).parent / "queries"
_STARTS = pa.schema([("key", pa.string()), ("at", pa.timestamp("us", "UTC"))])


@dataclass(frozen=True)
class Neighbours:
    """The readings in a `table`, whose column `key` says which belong together, for windows that `need` some before."""

    settings: Settings
    table: str
    key: str
    needs: timedelta

    @classmethod
    def of(cls, settings: Settings, job: Job, table: str, key: str) -> Neighbours | None:
        """Return the readings that the job's windows need besides their own; None if they need none."""
        needs = job.window and job.window.needs
        return cls(settings, table, key, needs) if needs else None

    def following(self, windows: Sequence[Window]) -> tuple[set[Name], set[Name]]:
        """Return the windows whose rows also depend on readings in `windows`, and those of `windows` that end a series.

        The first are those that begin within `needs` of the end of a window, and that of the next reading of its key.
        The second have no next reading yet: which window it will be in is not known.
        """
        if not windows:
            return set(), set()
        length = windows[0].window_end - windows[0].window_start
        with self._opened((each.key, each.window_end) for each in windows) as connection:
            rows = warehouse.run(connection, _QUERIES / "next_readings.sql", {}).fetchall()
        after = [(w.key, w.window_end + i * length) for w in windows for i in range(-(-self.needs // length))]
        followed = {(key, at) for key, at, _ in rows}
        ends = {each.name for each in windows if (each.key, each.window_end) not in followed}
        return {*after, *((key, start(ts, length)) for key, _, ts in rows)}, ends

    def before(self, windows: Sequence[Window], columns: Sequence[str]) -> pa.Table:
        """Return the readings at the last time before those that windows need; in each, the `columns`."""
        with self._opened((each.key, each.window_start - self.needs) for each in windows) as connection:
            rows = warehouse.run(connection, _QUERIES / "last_readings.sql", {}).to_arrow_table()
        schema = schema_to_pyarrow(iceberg.load_table(iceberg.connect(self.settings), self.table).schema())
        return rows.select(columns).cast(pa.schema([schema.field(column) for column in columns]))

    def _opened(self, times: Iterable[tuple[str, datetime]]) -> DuckDBPyConnection:
        connection = warehouse.open(self.settings, [self.table])
        given = pa.Table.from_pylist([{"key": key, "at": at} for key, at in times], _STARTS)
        connection.from_arrow(given).create_view("given")
        stored = connection.sql(f"from {self.table}")
        stored.select(StarExpression(), ColumnExpression(self.key).alias("given_key")).create_view("stored")
        return connection


def with_before(stored: pa.Table, before: pa.Table) -> pa.Table:
    """Return the readings of both tables, each once, in order."""
    rows = pa.concat_tables([stored, before])
    positions = list(zip(*(rows[name].to_pylist() for name in POSITION), strict=True))
    first = {position: i for i, position in reversed([*enumerate(positions)])}
    return in_order(rows.take(sorted(first.values())))
