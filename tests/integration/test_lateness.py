"""No reading is lost to a window: it counts in one, or it is in the table of late readings."""

from __future__ import annotations

from support.worlds.live_plant import START_MS, Plant, reading, until

ROLLUP = "historian/rollup_1m_v1"
ACCOUNT = """
    select
        (select coalesce(sum(readings), 0) from historian.rollup_1m),
        (select count(*) from historian.late_readings)
"""


def test_partitions_read_in_turn_make_no_reading_late(own_plant: Plant) -> None:
    own_plant.produce(reading(n) for n in range(20_000))
    own_plant.finish(own_plant.submit(ROLLUP, bounded=True, parallelism=1))
    assert own_plant.query(ACCOUNT) == [(20_000, 0)]


def test_each_reading_counts_or_is_late_over_a_stop_and_a_start(own_plant: Plant) -> None:
    job = own_plant.submit(ROLLUP, parallelism=1)
    own_plant.produce(reading(n) for n in range(4_000))
    until(lambda: own_plant.query("select count(*) from historian.rollup_1m") > [(30,)], 120)

    own_plant.produce(reading(n, tag="late") for n in range(20))
    until(lambda: own_plant.query("select count(*) from historian.late_readings") == [(20,)], 120)
    late = own_plant.query(
        "select distinct key, job, version, epoch_ms(ts) < epoch_ms(watermark) from historian.late_readings"
    )
    assert late == [("late", ROLLUP, 1, True)]
    assert own_plant.query("select min(epoch_ms(ts)) from historian.late_readings") == [(START_MS,)]

    savepoint = own_plant.cluster.stop(job.id)
    own_plant.submit(ROLLUP, parallelism=1, restore=savepoint)
    own_plant.produce(reading(n) for n in range(4_000, 5_000))
    closing = 7_200
    own_plant.produce(reading(closing + n) for n in range(own_plant.partitions))
    until(lambda: own_plant.query(ACCOUNT) == [(5_000, 20)], 120)
