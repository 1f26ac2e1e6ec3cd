"""The blocks of docs/engines.md, and a plant whose readings its queries return."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa

from headrace.environment import iceberg
from headrace.environment.apply import table_changes
from headrace.environment.settings import Settings
from headrace.project import table_files
from headrace.project.paths import Project
from support import ROOT, copy_tables
from support.worlds.pumps import store

PAGE = ROOT / "docs" / "engines.md"
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LETTERS = "historian.dead_letters"
START = datetime(2014, 1, 1, tzinfo=UTC)
TAG = "R80711.wind_speed"
BAD = 0x80000000
FIRST, MORE = 300, 20

Rows = list[tuple[Any, ...]]


def fill(project: Project, where: Settings) -> None:
    """Store readings of two tags around a day, one in ten of them bad, and dead letters.

    The readings are in three snapshots; the first has FIRST readings.
    """
    copy_tables(project.root, LETTERS)
    table_changes.apply(project, where)
    readings = [
        (tag, START + timedelta(seconds=number * 340 - 600), number * 7 % 31 / 3, BAD if number % 10 == 9 else 0)
        for tag in (TAG, "R80711.active_power")
        for number in range((FIRST + MORE) // 2)
    ]
    store(project, readings[:FIRST], where)
    store(project, readings[FIRST:], where)
    store(project, [(TAG, START + timedelta(hours=2, seconds=at), float(at), 0) for at in range(MORE)], where)
    described = table_files.load_all(project)[LETTERS].arrow_schema()
    letters = [
        {"code": code, "src_topic": "t", "src_partition": 0, "src_offset": at, "src_index": 0}
        | {"src_ts": START + timedelta(seconds=at), "dead_at": START}
        for at, code in enumerate(["not_json", "bad_ts", "not_json"])
    ]
    iceberg.load_table(iceberg.connect(where), LETTERS).append(pa.Table.from_pylist(letters, described))


def blocks(language: str, section: str) -> list[str]:
    """Return the code blocks of one language in a section of the page."""
    text = PAGE.read_text(encoding="utf-8").split(f"## {section}\n")[1].split("\n## ", maxsplit=1)[0]
    return [block[2] for block in _BLOCK.finditer(text) if block[1] == language]


def plain(rows: Sequence[Sequence[Any]]) -> Rows:
    """Return rows with times in UTC and numbers rounded to nine digits."""
    return [tuple(_plain(value) for value in row) for row in rows]


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    return float(f"{value:.9g}") if isinstance(value, float) else value


def with_times(rows: Sequence[Sequence[Any]]) -> Rows:
    """Return rows parsed from JSON, with ISO 8601 texts as times."""
    return [tuple(datetime.fromisoformat(v) if _is_time(v) else v for v in row) for row in rows]


def _is_time(value: Any) -> bool:
    return isinstance(value, str) and bool(re.match(r"\d{4}-\d\d-\d\dT", value))
