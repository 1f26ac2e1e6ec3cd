"""Kafka with TLS and passwords, whose topics change while a job runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import KafkaException, Producer
from confluent_kafka.admin import AdminClient, NewPartitions, NewTopic

from headrace import topics
from headrace.errors import PlatformError, UserError
from plant import Plant, reading, until
from services.stack import Stack

READINGS = 1_000


@pytest.fixture
def plant_on(stack: Stack, tmp_path: Path) -> Iterator[Plant]:
    with stack.plant("sqlite", tmp_path) as made:
        yield made


def test_a_wrong_password_is_told_and_not_shown(stack: Stack) -> None:
    with pytest.raises(PlatformError, match="Kafka does not answer") as told:
        topics.names({**stack.kafka, "sasl.password": "not the right one", "log_level": "0"})
    assert "not the right one" not in str(told.value)


def test_records_of_a_partition_that_is_added_under_a_running_job_are_stored(plant_on: Plant) -> None:
    plant_on.produce(reading(n) for n in range(READINGS))
    plant_on.submit()
    plant_on.follow()
    admin = AdminClient(plant_on.settings.kafka_client())
    admin.create_partitions([NewPartitions(plant_on.topic, plant_on.partitions + 1)])[plant_on.topic].result(30)
    producer = Producer(plant_on.settings.kafka_client())
    until(lambda: len(producer.list_topics(plant_on.topic, 10).topics[plant_on.topic].partitions) == 3, 30)
    for n in range(READINGS):
        producer.produce(plant_on.topic, reading(n), partition=plant_on.partitions)
    assert producer.flush(30) == 0
    account = plant_on.follow()
    assert all(balance.holds for balance in account)
    assert account[plant_on.partitions].good == READINGS


def test_a_topic_made_anew_under_a_running_job_is_told_by_its_account(plant_on: Plant) -> None:
    plant_on.produce(reading(n) for n in range(READINGS))
    job = plant_on.submit()
    plant_on.follow()
    _make_anew(plant_on)
    again = READINGS // 2
    plant_on.produce(reading(n) for n in range(again))
    # Flink's client goes back to the earliest record without a word: what it reads then is stored at used offsets.
    until(lambda: plant_on.query("select count(*) from historian.readings") == [(READINGS + again,)], 120)
    assert sum(balance.repeated_count for balance in plant_on.account()) == again
    plant_on.cluster.stop(job.id)
    with pytest.raises(UserError, match="the topic was made anew"):
        plant_on.submit()


def _make_anew(plant: Plant) -> None:
    admin = AdminClient(plant.settings.kafka_client())
    admin.delete_topics([plant.topic])[plant.topic].result(30)

    def made() -> bool:
        try:
            admin.create_topics([NewTopic(plant.topic, plant.partitions, 1)])[plant.topic].result(30)
        except KafkaException:  # the old one is still going
            return False
        return True

    until(made, 30)
