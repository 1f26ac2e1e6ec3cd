"""Jobs read packs of messages, and store what they would store of each message alone."""

from __future__ import annotations

import uuid

import pytest

from headrace.compose import connectors
from headrace.operations import submission
from headrace.upkeep import reconcile
from support.worlds.live_plant import JOB, START_MS, Plant, reading, steady_flow, until

STORED = "select count(*), count(distinct (src_partition, src_offset)), max(epoch_ms(ts)) from historian.readings"


def test_a_bounded_run_stores_all_before_its_stops_and_nothing_behind_them(own_plant: Plant) -> None:
    good = own_plant.produce(reading(n) for n in range(1_001))
    for number in range(5):
        own_plant.produce_in_transactions([[reading(2_000 + number)] * 3], abort=number % 2 == 1)
        own_plant.produce([reading(3_000 + number), None])
    good += 3 * 3 + 5
    prepared = submission.prepare(own_plant.project, own_plant.settings, JOB, bounded=True, parallelism=1)
    # One poll of a partition returns what is before the stop, and what is behind it.
    later = own_plant.produce(reading(n) for n in range(10_000, 12_000))
    own_plant.finish(submission.launch(prepared, uuid.uuid4().hex))
    assert own_plant.query(STORED) == [(good, good, START_MS + 3_004_000)]
    own_plant.finish(own_plant.submit(bounded=True, parallelism=1))
    balances = own_plant.account()
    reconcile.verdict(balances)
    assert (sum(b.good for b in balances), sum(b.dead for b in balances)) == (good + later, 5)


def test_a_bounded_run_that_continues_from_a_savepoint_ends_where_it_would_have_ended(own_plant: Plant) -> None:
    own_plant.produce(reading(n) for n in range(600_000))
    job = own_plant.submit(bounded=True, parallelism=2)
    # As after the failure of a JobManager, what assigns the partitions is made again from its state.
    savepoint = own_plant.cluster.stop(job.id)
    own_plant.produce(reading(n) for n in range(600_000, 600_010))
    own_plant.finish(own_plant.submit(bounded=True, parallelism=2, restore=savepoint))
    counts = "select count(*), count(distinct (src_partition, src_offset)) from historian.readings"
    assert own_plant.query(counts) == [(600_000, 600_000)]


@pytest.mark.proof
def test_a_bounded_run_without_stops_ends_where_the_topic_ended_when_it_started(
    own_plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(submission, "_ends", lambda *_: {})
    sent = own_plant.produce(reading(n) for n in range(20_000))
    with steady_flow(own_plant):
        own_plant.finish(own_plant.submit(bounded=True, parallelism=1))
    partitions = own_plant.query(
        "select count(*), count(distinct src_offset), max(src_offset) + 1"
        " from historian.readings group by src_partition"
    )
    assert [len(set(counts)) for counts in partitions] == [1, 1]
    assert all(count >= sent / 2 for count, *_ in partitions)


def test_what_is_no_pack_stops_the_job_and_is_taken_for_no_message(
    own_plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connectors, "_packing", lambda _contract: {})
    job = own_plant.submit(parallelism=1)  # before there is a message: it has to run first
    own_plant.produce([reading(0)])
    until(lambda: own_plant.cluster.failure(job.id) is not None, 60)
    assert "NotAPack" in str(own_plant.cluster.last_failure(job.id))
    own_plant.cluster.cancel(job.id)
    for table in ("readings", "dead_letters"):
        assert own_plant.query(f"select count(*) from historian.{table}") == [(0,)]
