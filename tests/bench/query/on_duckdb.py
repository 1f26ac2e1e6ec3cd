"""Plain SQL in DuckDB over one of the two Iceberg tables: maintained, or as written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa

from bench.query.questions import Question, values
from bench.query.stand import READINGS, load
from headrace.environment import warehouse

_SQL = Path(__file__).parent / "sql" / "duckdb"


def open(place: str, table: str) -> Callable[[Question], pa.Table]:  # noqa: A001 - a contender is opened
    """Return a function that answers questions from the `maintained` or the `naive` table of the stand at `place`."""
    connection = warehouse.open(load(place, table), [READINGS])

    def answer(question: Question) -> pa.Table:
        query = (_SQL / f"{question.name}.sql").read_text(encoding="utf-8")
        parameters = {name: value for name, value in values(question).items() if f"${name}" in query}
        return connection.execute(query, parameters).to_arrow_table()

    return answer
