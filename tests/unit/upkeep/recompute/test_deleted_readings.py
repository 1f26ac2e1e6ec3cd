"""Windows whose readings retention has deleted: their rows stay, and no other window waits for them."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from unittest import mock

import pytest

from headrace.environment.settings import Settings
from headrace.operations import deleted_rows
from headrace.operations.deleted_rows import DeletedRows
from headrace.project import job_folder
from headrace.project.job import Job
from headrace.project.paths import Project
from headrace.upkeep.checks import expected_counts
from headrace.upkeep.recompute import dirty, run
from headrace.upkeep.recompute.dirty import Window

DAY = datetime(2026, 3, 1, tzinfo=UTC)
JOB = "historian/rollup_1m_v1"


def window(key: str, at: datetime) -> Window:
    return Window(JOB, key, at, at + timedelta(minutes=1), 1, DAY)


def test_windows_with_deleted_readings_are_not_recomputed(
    pytestconfig: pytest.Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = Project(pytestconfig.rootpath, pytestconfig.rootpath / ".headrace")
    job = job_folder.load(project, JOB).job
    gone, whole, later = window("a.vibration", DAY), window("a.flow", DAY), window("a.vibration", DAY + timedelta(1))
    rows = DeletedRows(
        "historian.readings", "id", "*.vibration", "[]", DAY, DAY + timedelta(1), 9, "t", 0, None, None, DAY
    )
    monkeypatch.setattr(expected_counts, "load", lambda *_: None)
    monkeypatch.setattr(run, "closed_before", lambda *_: DAY + timedelta(9))
    monkeypatch.setattr(dirty, "pending", lambda *_: [gone, whole, later])
    monkeypatch.setattr(deleted_rows, "of", lambda _catalog, tables: [rows] if tables == ["historian.readings"] else [])
    monkeypatch.setattr(run._Work, "_all_stored", lambda *_: True)
    recomputed: list[Window] = []

    def recompute(_work: Any, _job: Job, _source: Any, _table: str, windows: list[Window], **_more: Any) -> None:
        recomputed.extend(windows)

    monkeypatch.setattr(run._Work, "_recompute", recompute)
    work = run._Work(project, cast(Settings, None), mock.Mock(), ExitStack(), lambda _step: None)
    result = work.off(job)
    assert recomputed == result.recomputed == [whole, later]
    assert result.deleted == [gone]
