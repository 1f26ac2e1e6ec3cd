"""Kafka with TLS and passwords, whose topics change while a job runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewPartitions

from headrace.environment import kafka_metadata
from headrace.errors import PlatformError, UserError
from support.services.stack import Stack
from support.worlds.live_plant import Plant, reading, until

READINGS = 1_000


@pytest.fixture
def plant_on(stack: Stack, tmp_path: Path) -> Iterator[Plant]:
    with stack.plant("sqlite", tmp_path) as plant:
        yield plant


def test_a_wrong_password_is_reported_and_not_shown(stack: Stack) -> None:
    with pytest.raises(PlatformError, match="Kafka does not answer") as raised:
        kafka_metadata.topic_names({**stack.kafka, "sasl.password": "not the right one", "log_level": "0"})
    assert "not the right one" not in str(raised.value)


def test_an_added_partition_is_read_and_records_that_retention_deleted_unread_stop_the_job(plant_on: Plant) -> None:
    plant_on.produce(reading(n) for n in range(READINGS))
    job = plant_on.submit()
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

    savepoint = plant_on.cluster.stop(job.id)
    plant_on.produce(reading(n) for n in range(READINGS, 2 * READINGS))
    position = READINGS // plant_on.partitions
    plant_on.forget(position + 1)
    # Reported at once, or when it runs.
    try:
        job = plant_on.submit(restore=savepoint)
        until(lambda: "which the job reads next" in failure(plant_on, job.id), 120)
        message = failure(plant_on, job.id)
    except PlatformError as error:
        message = str(error)
    assert f"has no offset {position}, which the job reads next" in message
    assert plant_on.query("select count(*) from historian.readings") == [(2 * READINGS,)]


def test_a_client_without_a_certificate_is_refused(stack: Stack) -> None:
    stranger = {
        name: value for name, value in stack.kafka.items() if name not in {"ssl.certificate.location", "ssl.key.pem"}
    }
    with pytest.raises(PlatformError, match="Kafka does not answer"):
        kafka_metadata.topic_names(
            {**stranger, "sasl.password": stack.secrets.value("kafka_password"), "log_level": "0"}
        )


def test_a_topic_that_is_created_again_stops_a_running_job_and_is_reported(plant_on: Plant) -> None:
    plant_on.produce(reading(n) for n in range(READINGS))
    job = plant_on.submit()
    plant_on.follow()
    plant_on.recreate_topic()
    plant_on.produce(reading(n) for n in range(READINGS // 2))
    position = READINGS // plant_on.partitions
    until(lambda: f"has no offset {position}, which the job reads next" in failure(plant_on, job.id), 120)
    assert plant_on.query("select count(*), max(src_offset) from historian.readings") == [(READINGS, position - 1)]
    plant_on.cluster.cancel(job.id)
    with pytest.raises(UserError, match="the topic was deleted and created again"):
        plant_on.submit()


def failure(plant: Plant, job_id: str) -> str:
    return plant.cluster.last_failure(job_id) or ""
