"""Records in a partition of a topic: which offsets hold one, and what was sent."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import closing
from datetime import UTC, datetime
from itertools import takewhile

import numpy as np
from confluent_kafka import TIMESTAMP_NOT_AVAILABLE, Consumer, KafkaError, KafkaException, Message, TopicPartition
from numpy.typing import NDArray

from headrace.environment.broker_errors import unavailable
from headrace.environment.kafka_metadata import LIMIT_S, PATIENCE_S, waiting_for_kafka
from headrace.environment.waiting import AFTER_S
from headrace.errors import PlatformError


def records_in(client: Mapping[str, str], topic: str, partition: int, first: int, end: int) -> NDArray[np.int64]:
    """Return the offsets in [first, end) that hold a record, as int64; markers and compacted records have none."""
    offsets = takewhile(lambda offset: offset < end, _records(client, topic, partition, first))
    return np.fromiter(offsets, np.int64)


def next_record(client: Mapping[str, str], topic: str, partition: int, first: int) -> int | None:
    """Return the offset of the first record at or after `first`; None if there is none up to the end."""
    with closing(_records(client, topic, partition, first)) as offsets:
        return next(offsets, None)


def time_of(client: Mapping[str, str], topic: str, partition: int, offset: int) -> datetime | None:
    """Return the time (UTC) of the record at `offset`, whether its transaction has ended or not; None if unknown."""
    consumer = Consumer(_reading(client, "read_uncommitted"))
    try:
        consumer.assign([TopicPartition(topic, partition, offset)])
        message = consumer.poll(LIMIT_S)
        if message is None or message.error():
            return None
        kind, milliseconds = message.timestamp()
        return None if kind == TIMESTAMP_NOT_AVAILABLE else datetime.fromtimestamp(milliseconds / 1000, UTC)
    finally:
        consumer.close()


def messages(client: Mapping[str, str], topic: str, partition: int, first: int) -> Generator[Message, None, None]:
    """Yield the messages from the offset `first` to the end that can be read now; none if the topic ends before it.

    Markers and compacted records are none. Raises PlatformError if the broker does not answer.
    """
    consumer = Consumer(_reading(client, "read_committed"))
    try:
        consumer.assign([TopicPartition(topic, partition, first)])
        # A message without a value is falsy, but a record like any other.
        while (message := _next(client, consumer, topic, partition, first)) is not None and message.offset() >= first:
            yield message
    except KafkaException as error:
        raise unavailable(client, error) from None
    finally:
        consumer.close()


def _records(client: Mapping[str, str], topic: str, partition: int, first: int) -> Generator[int, None, None]:
    """Yield the offsets of records from `first` to the end; none if the topic ends before `first`."""
    with closing(messages(client, topic, partition, first)) as found:
        for message in found:
            yield message.offset()


def _next(client: Mapping[str, str], consumer: Consumer, topic: str, partition: int, first: int) -> Message | None:
    """Return the next message; None at the end. A broker that does not answer is an error, not the end."""
    message = consumer.poll(AFTER_S)
    if message is None:
        with waiting_for_kafka(client, f"records of {topic}/{partition}"):
            message = consumer.poll(PATIENCE_S)
    if message is None:
        what = f"Kafka has not answered about partition {partition} from offset {first} on for {PATIENCE_S} s"
        raise PlatformError(what, topic, "run it again once the partition has a leader")
    if error := message.error():
        if error.code() == KafkaError._PARTITION_EOF:
            return None
        raise KafkaException(error)
    return message


def _reading(client: Mapping[str, str], isolation: str) -> dict[str, str | bool]:
    """Return the settings of a consumer that reads from a given offset and commits nothing."""
    return {**client, "group.id": "headrace.records", "enable.auto.commit": False, "enable.partition.eof": True,
            "isolation.level": isolation, "auto.offset.reset": "earliest"}  # fmt: skip
