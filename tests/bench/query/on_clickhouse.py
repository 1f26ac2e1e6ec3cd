"""The rival: ClickHouse in the process (chdb), with a MergeTree sorted by tag and time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
from chdb.session import Session  # type: ignore[import-not-found]

from bench.query.questions import Question, values

_SQL = Path(__file__).parent / "sql" / "clickhouse"


def open(place: str) -> Callable[[Question], pa.Table]:  # noqa: A001 - a contender is opened
    """Return a function that answers questions from the table that `fill` created at `place`."""
    session = Session(_folder(place))

    def answer(question: Question) -> pa.Table:
        return session.query(_text(question.name), "ArrowTable", params=_literals(values(question)))

    return answer


def fill(place: str, files: str) -> None:
    """Insert the rows of the Parquet files of a glob, and merge the parts into one, as upkeep merges files."""
    session = Session(_folder(place))
    session.query(_text("make"))
    session.query(_text("fill"), params={"files": files})
    session.query("optimize table readings final")
    session.close()


def _folder(place: str) -> str:
    return str(Path(place) / "clickhouse")


def _text(name: str) -> str:
    return (_SQL / f"{name}.sql").read_text(encoding="utf-8")


def _literals(parameters: dict[str, Any]) -> dict[str, Any]:
    return {name: _literal(value) for name, value in parameters.items()}


def _literal(value: Any) -> Any:
    if isinstance(value, list):
        return "[" + ",".join(f"'{_literal(each)}'" for each in value) + "]"
    return value.strftime("%Y-%m-%d %H:%M:%S") if isinstance(value, datetime) else value
