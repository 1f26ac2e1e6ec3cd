"""A plant of two pumps in its own Iceberg catalog: SQLite and files, without Flink."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa

from headrace.environment import iceberg, settings
from headrace.environment.apply import table_changes
from headrace.environment.settings import Settings
from headrace.historian.tags import tags
from headrace.project import table_files
from headrace.project.paths import Project
from support import copy_tables

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
_TAGS = [
    {"tag": "P1.flow", "asset": "north/pumps/p1", "unit": "m3/h", "interpolation": "linear"},
    {"tag": "P1.state", "asset": "north/pumps/p1", "interpolation": "step"},
    {"tag": "P1.mode", "asset": "north/pumps/p1", "interpolation": "step"},
    {"tag": "P2.flow", "asset": "north/pumps/p2", "interpolation": "linear"},
    {"tag": "S[1].flow", "asset": "south/s1"},
]
_BAD, _UNCERTAIN = 0x80000000, 0x40000000


def s(seconds: float) -> datetime:
    """Return the time `seconds` after NOON."""
    return NOON + timedelta(seconds=seconds)


def empty_plant(root: Path, folder: Path) -> Project:
    """Return a project in `folder` with the tables of readings and tags of the project in `root`.

    The pumps are listed; there are no readings.
    """
    copy_tables(folder, "historian.readings", "historian.tags")
    shutil.copytree(root / "catalogs", folder / "catalogs")
    project = Project(folder, folder / "home")
    local = settings.load(project, "local")
    table_changes.apply(project, local)
    tags.import_tags(local, pa.Table.from_pylist(_TAGS))
    return project


def store(
    project: Project,
    rows: Sequence[tuple[str, datetime, float | str | None, int]],
    where: Settings | None = None,
) -> None:
    """Append readings (tag, time, value or text, quality) in one file per day, to the local catalog or to `where`."""
    records: list[dict[str, Any]] = [
        {"tag": tag, "ts": ts, "quality": quality, "text" if isinstance(value, str) else "value": value}
        | {"src_topic": "t", "src_partition": 0, "src_offset": number, "src_index": 0}
        for number, (tag, ts, value, quality) in enumerate(rows)
    ]
    schema = table_files.load_all(project)["historian.readings"].arrow_schema()
    table = iceberg.load_table(iceberg.connect(where or settings.load(project, "local")), "historian.readings")
    table.append(pa.Table.from_pylist(records, schema))


def recreate_readings(project: Project) -> None:
    """Drop the table of readings and create it again, empty."""
    local = settings.load(project, "local")
    iceberg.connect(local).drop_table("historian.readings")
    table_changes.apply(project, local)


def store_two_pumps(project: Project) -> None:
    """Store a minute of two pumps around NOON, out of order, in two files, and a reading from ten days earlier."""
    flow = [("P1.flow", s(at), float(value), 0) for at, value in ((20, 30), (0, 10), (10, 20), (40, 50))]
    state = [("P1.state", s(at), value, quality) for at, value, quality in ((0, 1, 0), (25, 0, 0), (30, None, _BAD))]
    mode = [("P1.mode", s(at), word, 0) for at, word in ((-50, "manual"), (15, "auto"), (35, "manual"))]
    store(project, [*flow, *state])
    store(project, [*mode, ("P1.flow", s(30), 40.0, _UNCERTAIN), ("P2.flow", NOON - timedelta(days=10), 7.0, 0)])
