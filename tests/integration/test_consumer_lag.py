"""What the broker reports of a group: how far it is behind, what it may not read yet, and whether a record waits."""

from __future__ import annotations

from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient

from headrace.environment import consumer_lag, kafka
from headrace.environment.broker_errors import answer_of
from headrace.environment.consumer_lag import TopicProgress
from headrace.operations.lifecycle.job_cluster import JobCluster
from headrace.upkeep import reconcile
from support.worlds.live_plant import Plant, reading, until

GROUP = "headrace.tests.lag"
OF_JOB = "headrace.historian.readings_v1"
HOUR_S = 3_600


def progress(plant: Plant, older_than_s: float = 0, topic: str | None = None) -> TopicProgress:
    client = plant.settings.kafka_client()
    return consumer_lag.progress(client, {GROUP: [topic or plant.topic]}, older_than_s)[GROUP]


def commit(plant: Plant, at: int) -> None:
    offsets = dict.fromkeys(range(plant.partitions), at)
    kafka.set_group_offsets(plant.settings.kafka_client(), GROUP, plant.topic, offsets)


def test_the_lag_of_a_group_is_that_of_the_broker(own_plant: Plant) -> None:
    assert progress(own_plant) == TopicProgress(lag=None)
    own_plant.produce(reading(n) for n in range(20))
    commit(own_plant, 0)
    assert progress(own_plant) == TopicProgress(lag=20, waiting=True)
    assert progress(own_plant, HOUR_S) == TopicProgress(lag=20)
    commit(own_plant, 10)
    assert progress(own_plant) == TopicProgress(lag=0)

    own_plant.produce_in_transactions([[reading(n) for n in range(2)]])
    commit(own_plant, 11)
    # The transaction's markers, one per partition, are offsets that no reader ever gets.
    assert progress(own_plant) == TopicProgress(lag=2)

    client = own_plant.settings.kafka_client()
    producer = Producer({**client, "transactional.id": f"{own_plant.topic}.open"})
    producer.init_transactions(60)
    producer.begin_transaction()
    producer.produce(own_plant.topic, reading(1), partition=0)
    assert producer.flush(30) == 0
    own_plant.produce([reading(2), reading(3)])
    found = progress(own_plant)
    assert (found.in_transactions, found.problem) == (2, None)
    producer.abort_transaction(60)
    until(lambda: progress(own_plant).in_transactions == 0, 30)


def test_a_partition_that_the_group_has_not_read_counts_from_its_first_offset(own_plant: Plant) -> None:
    own_plant.produce(reading(n) for n in range(20))
    client = own_plant.settings.kafka_client()
    kafka.set_group_offsets(client, GROUP, own_plant.topic, {0: 10})
    assert progress(own_plant, HOUR_S) == TopicProgress(lag=10)
    own_plant.forget(until=4)
    assert progress(own_plant, HOUR_S) == TopicProgress(lag=6)


def test_a_job_that_continues_has_the_lag_that_it_had_and_reads_no_idle_partition_again(own_plant: Plant) -> None:
    own_plant.produce(reading(n) for n in range(100))
    own_plant.finish(own_plant.submit(bounded=True, parallelism=1))
    client = own_plant.settings.kafka_client()

    def lag() -> int | None:
        return consumer_lag.progress(client, {OF_JOB: [own_plant.topic]}, 0)[OF_JOB].lag

    # It starts where the tables end, and no record comes before it is stopped.
    job = own_plant.submit(parallelism=1)
    assert lag() == 0
    until(lambda: JobCluster.of(own_plant.settings).checkpoints(job.id).completed >= 2, 60)
    own_plant.submit(parallelism=1, restore=own_plant.cluster.stop(job.id))
    assert lag() == 0
    own_plant.produce(reading(n) for n in range(100, 102))
    balances = own_plant.follow()
    reconcile.verdict(balances)
    assert sum(each.good for each in balances) == 102


def test_a_job_continues_though_the_broker_has_forgotten_its_group_and_no_record_has_come(own_plant: Plant) -> None:
    job = own_plant.submit(parallelism=1)
    until(lambda: JobCluster.of(own_plant.settings).checkpoints(job.id).completed >= 2, 60)
    savepoint = own_plant.cluster.stop(job.id)
    # As the broker does a week after the last offset was committed.
    admin = AdminClient(dict(own_plant.settings.kafka_client()))
    for answer in admin.delete_consumer_groups([OF_JOB], request_timeout=30).values():
        answer_of(answer, 30)
    own_plant.produce(reading(n) for n in range(10))
    own_plant.submit(parallelism=1, restore=savepoint)
    balances = own_plant.follow()
    reconcile.verdict(balances)
    assert sum(each.good for each in balances) == 10


def test_a_topic_that_does_not_exist_is_a_problem_of_its_group_alone(own_plant: Plant) -> None:
    client = own_plant.settings.kafka_client()
    found = consumer_lag.progress(client, {"a": ["no.such.topic"], "b": [own_plant.topic]}, 0)
    assert found["a"].problem
    assert found["a"].problem.what == "the broker has no topic no.such.topic"
    assert found["b"] == TopicProgress(lag=None)
