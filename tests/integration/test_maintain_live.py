"""Maintenance next to jobs that write and follow the tables: nothing is lost or doubled, and Flink continues."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from headrace.environment.apply import table_changes
from headrace.environment.iceberg import connect, load_table
from headrace.operations.lifecycle import restart, stop
from headrace.upkeep import reconcile
from headrace.upkeep.maintain import Report, kept, maintain
from support.deployments import READINGS, at, deployed, edit, kinds, of
from support.worlds.live_plant import JOB, Plant, steady_flow, until

STORED = "historian.readings"
ROWS = f"select count(*) from {STORED}"


def test_maintenance_next_to_a_job_under_load_its_upgrade_and_its_restart_is_exact(
    own_plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "RECENT", timedelta(seconds=2))
    monkeypatch.setattr(kept, "LATEST", 1)
    plant = of(own_plant, JOB)
    reports: list[Report] = []
    with steady_flow(plant):
        deployed(plant)
        until_due(plant, lambda report: report.rewritten and report.expired.snapshots)
        reports += kept_up(plant)
        edit(plant, READINGS, "from readings", "from readings where src_offset > -1")
        assert kinds(deployed(plant)) == {JOB: "upgrade"}
        until_due(plant, lambda report: report.rewritten and report.expired.snapshots)
        with at(plant) as context:
            stop.stop(context, JOB)
            reports += kept_up(plant)
            restart.restart(context, JOB, "savepoint")
    reconcile.verdict(plant.follow())
    reports += kept_up(plant)
    reconcile.verdict(plant.account())
    readings = [each for each in reports if each.table == STORED]
    assert all(each.rewritten and each.expired.snapshots for each in readings[:-1]), readings
    assert len(load_table(connect(plant.settings), STORED).snapshots()) < 20


def until_due(plant: Plant, due: Callable[[Report], object]) -> None:
    def is_due() -> bool:
        (report,) = maintain(plant.project, plant.settings, [STORED], dry_run=True)
        return bool(due(report))

    until(is_due, 90)


def kept_up(plant: Plant) -> list[Report]:
    return list(maintain(plant.project, plant.settings))


def test_a_job_that_follows_a_table_does_not_read_rows_again_that_upkeep_has_sorted(own_plant: Plant) -> None:
    _write_copies(own_plant)
    plant = of(own_plant, JOB, COPIES)
    with steady_flow(plant):
        deployed(plant)
        until_due(plant, lambda report: report.rewritten)
        (readings,) = maintain(plant.project, plant.settings, [STORED])
        assert readings.rewritten
        # The job has gone on to write.
        until_due(plant, lambda report: report.rewritten)
    reconcile.verdict(plant.follow())
    stored = plant.query(ROWS)
    copies = "select count(*), count(distinct (src_partition, src_offset)) from historian.copies"
    until(lambda: plant.query(copies)[0][0] >= stored[0][0], 120, lambda: str(plant.query(copies)))
    assert plant.query(copies) == [(*stored[0], *stored[0])]


COPIES = "historian/copies_v1"
_FILES = {
    f"{COPIES}/job.yaml": """\
kind: job
name: historian/copies_v1
owner: tests
description: The readings once more.
grain: one row per reading
reads: [job/historian/readings_v1]
writes: {table/historian.copies: append}
""",
    f"{COPIES}/historian.copies.sql.j2": """\
select
    src_partition,
    src_offset
from {{ ref('historian/readings_v1') }}
""",
    "_tables/historian.copies.yaml": """\
description: The readings once more.
owner: tests
grain: one row per reading
columns:
  src_partition: {type: int, required: true, doc: Partition}
  src_offset: {type: long, required: true, doc: Offset}
""",
}


def _write_copies(plant: Plant) -> None:
    for name, text in _FILES.items():
        file = plant.project.sql / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    table_changes.apply(plant.project, plant.settings)
