"""The rival: ClickHouse within the process (chdb), a MergeTree in the order of tag and time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
from chdb.session import Session  # type: ignore[import-not-found]

from bench.query.questions import Asked, values

_SQL = Path(__file__).parent / "sql" / "clickhouse"


def open(place: str) -> Callable[[Asked], pa.Table]:  # noqa: A001 - a contender is opened
    """What answers, over the table that `fill` has made in that folder."""
    session = Session(_folder(place))

    def answer(asked: Asked) -> pa.Table:
        return session.query(_text(asked.question), "ArrowTable", params=_told(values(asked)))

    return answer


def fill(place: str, files: str) -> None:
    """Take in the rows of Parquet files, a glob; and merge what that leaves into one part, as upkeep does for ours."""
    session = Session(_folder(place))
    session.query(_text("make"))
    session.query(_text("fill"), params={"files": files})
    session.query("optimize table readings final")
    session.close()


def _folder(place: str) -> str:
    return str(Path(place) / "clickhouse")


def _text(name: str) -> str:
    return (_SQL / f"{name}.sql").read_text(encoding="utf-8")


def _told(given: dict[str, Any]) -> dict[str, Any]:
    return {name: _literal(value) for name, value in given.items()}


def _literal(value: Any) -> Any:
    if isinstance(value, list):
        return "[" + ",".join(f"'{_literal(each)}'" for each in value) + "]"
    return value.strftime("%Y-%m-%d %H:%M:%S") if isinstance(value, datetime) else value
