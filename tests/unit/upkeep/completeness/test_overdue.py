"""A job that is behind by more than a limit is named, with its worst partition, and what to do."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from headrace.environment import settings
from headrace.environment.settings import Settings
from headrace.project import source_files
from headrace.project.paths import Project
from headrace.upkeep.completeness import Reached, overdue
from support import ROOT

JOB, TOPIC = "historian/readings_v1", "plant.readings"
LATENESS = timedelta(seconds=10)
NOW = datetime(2026, 3, 1, 6, tzinfo=UTC)
LIMIT = timedelta(minutes=15)


def row(behind: timedelta | None, partition: int = 0, **other: object) -> Reached:
    through = None if behind is None else NOW - LATENESS - behind
    return replace(Reached(JOB, TOPIC, partition, 10, 0, None, through, NOW), **other)  # type: ignore[arg-type]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(ROOT, tmp_path)


@pytest.fixture
def known(project: Project) -> Settings:
    return settings.load(project, "local")


def problems(project: Project, known: Settings, *rows: Reached) -> list[str]:
    return [each.what for each in overdue(project, known, rows, LIMIT)]


def test_what_the_contract_allows_is_not_behind(project: Project, known: Settings) -> None:
    assert problems(project, known, row(timedelta(0)), row(LIMIT, 1)) == []
    assert len(problems(project, known, row(timedelta(0)), row(LIMIT + timedelta(seconds=1), 1))) == 1
    assert problems(project, known) == []


def test_the_worst_partition_is_named_with_the_reason(project: Project, known: Settings) -> None:
    late, later = row(timedelta(minutes=20), 1, lag=3), row(timedelta(hours=3), 2, lag=1_000)
    (found,) = overdue(project, known, [row(timedelta(0)), late, later], LIMIT)
    assert found.what == (
        "historian/readings_v1 is complete through 2026-03-01 02:59:50 UTC, 3.0 h behind: 2 of its 3 partitions, "
        "plant.readings/2: 1,000 offsets are not stored"
    )
    assert found.fix
    assert "headrace status historian/readings_v1" in found.fix


def test_nothing_that_is_known_is_worse_than_every_time(project: Project, known: Settings) -> None:
    gone = row(None, 1, held_by="the broker has no topic 'plant.readings'")
    (found,) = overdue(project, known, [row(timedelta(days=9)), gone], LIMIT)
    assert found.what == (
        "historian/readings_v1 is complete through no time: 2 of its 2 partitions, plant.readings/1: the broker has no "
        "topic 'plant.readings'"
    )
    assert found.fix == "headrace reconcile historian/readings_v1 shows what to do about it"


def test_an_open_transaction_has_a_fix_of_its_own(project: Project, known: Settings) -> None:
    held = row(timedelta(hours=1), lag=6, hidden=6, held_by="6 offsets wait behind an open transaction")
    (found,) = overdue(project, known, [held], LIMIT)
    assert found.what.endswith("60 min behind: plant.readings/0: 6 offsets wait behind an open transaction")
    assert found.fix
    assert "producer" in found.fix


def test_a_job_that_the_environment_does_not_run_is_not_judged(project: Project, known: Settings) -> None:
    elsewhere = known.model_copy(update={"deploy": ("billing/*",)})
    assert problems(project, elsewhere, row(timedelta(hours=1))) == []


def test_a_source_without_an_event_time_is_never_complete_and_never_behind(project: Project, known: Settings) -> None:
    panels = row(None, job="clinical/panels_v1", src_topic=source_files.load(project, "fhir_panels").topic)
    assert problems(project, known, panels) == []


def test_the_lateness_is_that_of_the_contract_that_reads_the_topic(known: Settings, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "sql", tmp_path / "sql")
    contract = tmp_path / "sql" / "_sources" / "plant_readings.yaml"
    text = contract.read_text(encoding="utf-8")
    pattern = text.replace("topic: plant.readings", "topic: {pattern: plant.r.+}").replace(
        "lateness: 10s", "lateness: 2h"
    )
    assert pattern != text
    contract.write_text(pattern, encoding="utf-8")
    late = row(timedelta(hours=1), src_topic="plant.readings_of_another_site")
    assert problems(Project(tmp_path, tmp_path), known, late) == []
    later = replace(late, complete_through=NOW - timedelta(hours=3))
    assert len(problems(Project(tmp_path, tmp_path), known, later)) == 1
