"""Expected counts of windows on a real Iceberg catalog, without Flink: which windows an audit lists, and when."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from headrace.environment import iceberg, settings
from headrace.environment.apply import table_changes
from headrace.environment.settings import Settings
from headrace.project import job_folder, table_files
from headrace.project.paths import Project
from headrace.project.system_tables import READINGS
from headrace.upkeep.checks import expected_counts
from headrace.upkeep.recompute import dirty
from headrace.upkeep.recompute.audit import audit, audit_input
from headrace.upkeep.recompute.counted_windows import CountedWindows

JOB, TABLE = "historian/rollup_1m_v1", "historian.rollup_1m"
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class Plant:
    """Readings of a tag, some in each of ten minutes, and what a job has counted of them."""

    def __init__(self, project: Project, local: Settings) -> None:
        self.project, self.settings = project, local
        self.job = job_folder.job_of(project, JOB)
        table_changes.apply(project, local)
        self.catalog = iceberg.connect(local)
        self.offset = 0

    def store(self, times: Iterable[datetime]) -> None:
        rows = []
        for ts in times:
            self.offset += 1
            position = {"src_topic": "t", "src_partition": 0, "src_offset": self.offset, "src_index": 0}
            rows.append({"tag": "a", "ts": ts, "value": 1.0, "quality": 0, "ingested_at": NOON, **position})
        self.append(READINGS, rows)

    def count(self, counts: Iterable[int]) -> None:
        rows = []
        for number, count in enumerate(counts):
            rows.append({"tag": "a", "ts": NOON + number * MINUTE, "readings": count, "good_readings": 0, "quality": 0})
        self.append(TABLE, rows)

    def append(self, table: str, rows: list[dict[str, Any]]) -> None:
        schema = table_files.load_all(self.project)[table].arrow_schema()
        iceberg.load_table(self.catalog, table).append(pa.Table.from_pylist(rows, schema))

    def audit(self, until: int = 9, *, meanwhile: Iterable[datetime] = ()) -> list[int]:
        """The minutes that count more than is stored. Readings are stored `meanwhile`, after the tables were opened."""
        expected = expected_counts.load(self.project, self.settings, job_folder.load(self.project, JOB))
        assert expected
        with audit_input(self.settings, self.catalog, self.job, expected, READINGS) as (windows, appended):
            if meanwhile:
                self.store(meanwhile)
            last = NOON + until * MINUTE
            beyond = audit(self.catalog, self.job, windows, appended, last=last, progress=lambda _step: None)
        return [(each.start - NOON) // MINUTE for each in beyond]

    @property
    def listed(self) -> list[int]:
        return sorted((each.window_start - NOON) // MINUTE for each in dirty.pending(self.catalog, self.job))


@pytest.fixture
def plant(pytestconfig: pytest.Config, tmp_path: Path) -> Plant:
    for folder in ("sql", "catalogs"):
        shutil.copytree(pytestconfig.rootpath / folder, tmp_path / folder)
    project = Project(tmp_path, tmp_path / "home")
    plant = Plant(project, settings.load(project, "local"))
    plant.store(NOON + n * timedelta(seconds=20) for n in range(30))
    return plant


def late(minute: int) -> datetime:
    return NOON + minute * MINUTE + timedelta(seconds=7)


def test_a_window_is_compared_once_and_again_when_readings_come_for_it(plant: Plant) -> None:
    plant.count([3, 3, 2, 3, 3, 3, 3, 3, 3, 3])
    assert (plant.audit(5), plant.listed) == ([], [2])
    assert (plant.audit(), plant.listed) == ([], [2])
    plant.store([late(0), late(9)])
    assert (plant.audit(), plant.listed) == ([], [0, 2])


def test_readings_stored_during_a_comparison_are_seen_by_the_next_one(plant: Plant) -> None:
    plant.count([3] * 10)
    assert (plant.audit(meanwhile=[late(1)]), plant.listed) == ([], [])
    assert (plant.audit(meanwhile=[late(4)]), plant.listed) == ([], [1])
    assert (plant.audit(), plant.listed) == ([], [1, 4])


def test_windows_that_count_more_than_is_stored_are_returned_and_not_listed(plant: Plant) -> None:
    plant.count([3, 4, 3, 3, 3, 3, 3, 3, 3, 3])
    assert (plant.audit(), plant.listed) == ([1], [])
    # Nothing new came for it.
    assert (plant.audit(), plant.listed) == ([], [])


def test_an_interrupted_audit_is_repeated(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    plant.count([2] * 10)
    monkeypatch.setattr("headrace.upkeep.recompute.counted_windows.AT_ONCE", 9)
    between = CountedWindows.between

    def dying(windows: CountedWindows, start: datetime, end: datetime) -> Any:
        if start > NOON:
            raise KeyboardInterrupt
        return between(windows, start, end)

    with monkeypatch.context() as patch:
        patch.setattr(CountedWindows, "between", dying)
        with pytest.raises(KeyboardInterrupt):
            plant.audit()
    assert plant.listed == [0, 1, 2]
    assert (plant.audit(), plant.listed) == ([], list(range(9)))
