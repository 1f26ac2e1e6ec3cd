"""Metadata files do not pile up, and a table with much metadata is reported."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pyiceberg.table import Table

from headrace.environment import iceberg, settings
from headrace.environment.settings import Settings
from headrace.errors import PlatformError
from headrace.project.paths import Project
from headrace.project.system_tables import READINGS, TAGS
from headrace.upkeep.maintain import Report, maintain, metadata_files, orphans
from headrace.upkeep.maintain.metadata_files import DEFAULTS, Large
from support import ROOT
from support.worlds.many_commits import Commits
from support.worlds.pumps import empty_plant


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return empty_plant(ROOT, tmp_path)


@pytest.fixture
def local(project: Project) -> Settings:
    return settings.load(project, "local")


def load(local: Settings, name: str = READINGS) -> Table:
    return iceberg.load_table(iceberg.connect(local), name)


def change(local: Settings, *removed: str, **properties: str) -> None:
    with load(local).transaction() as transaction:
        transaction.remove_properties(*removed)
        transaction.set_properties({name.replace("__", ".").replace("_", "-"): v for name, v in properties.items()})


def run(project: Project, local: Settings) -> Report:
    (report,) = maintain(project, local, [READINGS])
    return report


def metadata_of(local: Settings) -> list[Path]:
    return sorted(Path(load(local).location().removeprefix("file://"), "metadata").glob("*.metadata.json"))


def test_a_table_that_does_not_set_how_many_metadata_files_stay_keeps_a_hundred(
    project: Project, local: Settings
) -> None:
    change(local, *DEFAULTS)
    assert run(project, local).notes == ()
    assert DEFAULTS.items() <= load(local).properties.items()
    change(local, *DEFAULTS, write__metadata__delete_after_commit__enabled="false")
    assert "each commit leaves a metadata file" in run(project, local).notes[0]


def test_metadata_files_that_nothing_lists_are_removed_after_hours_and_other_files_after_days(
    project: Project, local: Settings
) -> None:
    off = {"write__metadata__delete_after_commit__enabled": "false", "write__metadata__previous_versions_max": "2"}
    change(local, *DEFAULTS, **off)
    for number in range(4):
        change(local, note=str(number))
    left = metadata_of(local)
    other = left[0].with_name("unknown.avro")
    other.write_bytes(b"12345")
    four_hours_ago = time.time() - 4 * 3600
    for each in (*left, other):
        os.utime(each, (four_hours_ago, four_hours_ago))
    young = left[0].with_name("00000-young.metadata.json")
    young.write_bytes(b"{}")
    assert run(project, local).orphans.files == len(left) - 3
    assert len(load(local).metadata.metadata_log) == 2
    assert other.exists()
    assert young.exists()
    assert {Path(path.removeprefix("file://")) for path in orphans._used(load(local))} >= {*metadata_of(local)} - {
        young
    }


def test_a_table_with_much_metadata_is_reported(
    project: Project, local: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    Commits(datetime.now(UTC) - timedelta(minutes=50), timedelta(seconds=1)).add(local, READINGS, 200)
    assert metadata_files.large(project, local) == []
    size = metadata_of(local)[-1].stat().st_size
    monkeypatch.setattr(metadata_files, "LARGE", size)
    assert metadata_files.large(project, local) == [Large(READINGS, size)]
    assert any("headrace maintain every hour" in note for note in run(project, local).notes)


def test_a_table_that_fails_does_not_keep_others_from_being_maintained(
    project: Project, local: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def choose(table: Table, *_: object) -> list[object]:
        if table.name()[-1] == "readings":
            raise PlatformError("another writer was faster", READINGS)
        return []

    monkeypatch.setattr("headrace.upkeep.maintain.run.choose", choose)
    Commits(datetime.now(UTC) - timedelta(days=1), timedelta(seconds=1)).add(local, READINGS, 200)
    reports = maintain(project, local)
    assert next(reports).table == TAGS
    with pytest.raises(PlatformError, match="another writer was faster"):
        next(reports)
    # Its snapshots have expired all the same.
    assert len(load(local).snapshots()) < 110
