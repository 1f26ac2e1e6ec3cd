"""The demo's jobs run as their files are, from what an earlier run left."""

from __future__ import annotations

from headrace.local import demo
from headrace.operations import ledger
from headrace.operations.lifecycle import restore_points, stop
from headrace.upkeep import reconcile
from support.deployments import READINGS, at, edit, of
from support.worlds.live_plant import JOB, Plant, reading


def test_a_second_demo_runs_the_sql_as_it_is_now_from_the_state_of_the_first(own_plant: Plant) -> None:
    plant = of(own_plant, JOB)
    plant.produce(reading(n) for n in range(500))
    first = start(plant)
    reconcile.verdict(plant.follow())
    assert start(plant) == first  # it runs, and stays

    with at(plant) as context:
        stopped = stop.stop(context, JOB)
    edit(plant, READINGS, "select", "select /* as it is now */")
    plant.produce(reading(n) for n in range(500, 1_000))
    second = start(plant)
    assert second.savepoint
    assert stopped.savepoint
    assert restore_points.same_place(second.savepoint, stopped.savepoint)
    assert second.release != first.release
    reconcile.verdict(plant.follow())


def start(plant: Plant) -> ledger.Entry:
    demo._start(plant.project, plant.settings, JOB, lambda _step, _done, _total: None)
    entry = ledger.Ledger(plant.settings).last()[JOB]
    assert entry.step == "running"
    return entry
