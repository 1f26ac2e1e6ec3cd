"""Plain SQL of DuckDB's over an Iceberg table, the one that is maintained or the one that is not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa

from bench.query.questions import Asked, values
from bench.query.stand import READINGS, load
from headrace.environment import warehouse

_SQL = Path(__file__).parent / "sql" / "duckdb"


def open(place: str, table: str) -> Callable[[Asked], pa.Table]:  # noqa: A001 - a contender is opened
    """What answers, over the `maintained` or the `naive` table of the stand in that folder."""
    connection = warehouse.open(load(place, table), [READINGS])

    def answer(asked: Asked) -> pa.Table:
        query = (_SQL / f"{asked.question}.sql").read_text(encoding="utf-8")
        given = {name: value for name, value in values(asked).items() if f"${name}" in query}
        return connection.execute(query, given).to_arrow_table()

    return answer
