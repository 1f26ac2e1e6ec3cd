"""Upkeep beside jobs that write and follow the tables: nothing is lost, nothing comes twice, and Flink goes on."""

from __future__ import annotations

from datetime import timedelta

import pytest

from deployment import READINGS, at, deployed, edit, kinds, of
from headrace import reconcile
from headrace.catalog import connect, load_table
from headrace.lifecycle import restart, stop
from headrace.maintain import Report, expire, maintain
from plant import JOB, Plant, steady_flow, until

ROWS = "select count(*) from historian.readings"


def test_upkeep_beside_a_job_under_load_and_its_upgrades_is_exact(
    own_plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expire, "KEPT_FOR", timedelta(seconds=2))
    plant = of(own_plant, JOB)
    reports: list[Report] = []
    with steady_flow(plant):
        deployed(plant)
        for number in range(3):
            until_more_is_stored(plant)
            reports += kept_up(plant)
            edit(plant, READINGS, "from readings", "from readings where src_offset > -1") if number == 0 else edit(
                plant, READINGS, f"> -{number}", f"> -{number + 1}"
            )
            assert kinds(deployed(plant)) == {JOB: "upgrade"}
        with at(plant) as desk:
            stop.stop(desk, JOB)
            reports += kept_up(plant)
            restart.restart(desk, JOB, "savepoint")
    reconcile.verdict(plant.follow())
    reports += kept_up(plant)
    reconcile.verdict(plant.account())
    readings = [each for each in reports if each.table == "historian.readings"]
    assert all(each.rewritten and each.expired.snapshots for each in readings[:-1]), readings
    assert readings[-1].files_after < readings[-1].files_before
    assert len(load_table(connect(plant.settings), "historian.readings").snapshots()) < 20


def until_more_is_stored(plant: Plant) -> None:
    (before,) = plant.query(ROWS)
    until(lambda: plant.query(ROWS)[0] > before, 90)


def kept_up(plant: Plant) -> list[Report]:
    return list(maintain(plant.project, plant.settings))
