"""Client of an environment's Kafka: topics, their partitions and offsets, and consumer groups."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from itertools import takewhile

import numpy as np
from confluent_kafka import (
    Consumer,
    ConsumerGroupTopicPartitions,
    KafkaError,
    KafkaException,
    Message,
    TopicCollection,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient, NewTopic, TopicMetadata
from numpy.typing import NDArray
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from headrace.errors import PlatformError, UserError

LIMIT_S = 10
PATIENCE_S = 60

# A broker that restarted knows its topics some seconds before it leads their partitions.
_PATIENTLY = Retrying(
    stop=stop_after_delay(PATIENCE_S), wait=wait_fixed(0.5), retry=retry_if_exception_type(KafkaException), reraise=True
)


@dataclass(frozen=True)
class OffsetRange:
    """The offsets that a partition still holds: from `first` up to but not including `end`."""

    first: int
    end: int


def offset_ranges(client: Mapping[str, str], topic: str) -> dict[int, OffsetRange]:
    """Return the range of offsets of each partition of `topic`, by the partition's number.

    Raises PlatformError if the broker does not answer, UserError if there is no such topic.
    """
    partitions = _partitions(client, topic)
    try:
        return _PATIENTLY(_offset_ranges, client, topic, partitions)
    except KafkaException as error:
        raise _unavailable(client, error) from None


def records_in(client: Mapping[str, str], topic: str, partition: int, first: int, end: int) -> NDArray[np.int64]:
    """Return the offsets in [first, end) that hold a record, as int64; markers and compacted records have none."""
    offsets = takewhile(lambda offset: offset < end, _records(client, topic, partition, first))
    return np.fromiter(offsets, np.int64)


def next_record(client: Mapping[str, str], topic: str, partition: int, first: int) -> int | None:
    """Return the offset of the first record at or after `first`; None if there is none up to the end."""
    with closing(_records(client, topic, partition, first)) as offsets:
        return next(offsets, None)


def identity(client: Mapping[str, str], topic: str) -> str:
    """Return the topic's name and its id in Kafka, in one text. Raises as `topic_id` does."""
    return f"{topic} {topic_id(client, topic)}"


def topic_id(client: Mapping[str, str], topic: str) -> str:
    """Return the topic's id in Kafka. A topic that is created again under the same name has another id.

    Raises PlatformError if the broker does not answer, UserError if there is no such topic.
    """
    _partitions(client, topic)
    admin = AdminClient(dict(client))
    try:
        description = admin.describe_topics(TopicCollection([topic]))[topic].result(LIMIT_S)
    except KafkaException as error:
        raise _unavailable(client, error) from None
    return str(description.topic_id)


def topic_names(client: Mapping[str, str]) -> list[str]:
    """Return the names of the broker's topics without its internal ones. Raises PlatformError."""
    return sorted(name for name in _known(client) if not name.startswith("__"))


def create_topic(client: Mapping[str, str], topic: str, partitions: int) -> None:
    """Create the topic with the broker's default replication. Raises PlatformError."""
    admin = AdminClient(dict(client))
    try:
        for creation in admin.create_topics([NewTopic(topic, partitions)]).values():
            creation.result(LIMIT_S)
    except KafkaException as error:
        raise _unavailable(client, error) from None


def set_group_offsets(client: Mapping[str, str], group: str, topic: str, offsets: Mapping[int, int]) -> None:
    """Set the offsets of the consumer group `group` in the topic, by partition. Raises PlatformError."""
    positions = [TopicPartition(topic, partition, offset) for partition, offset in offsets.items()]
    admin = AdminClient(dict(client))
    try:
        (response,) = admin.alter_consumer_group_offsets([ConsumerGroupTopicPartitions(group, positions)]).values()
        faults = [each.error for each in response.result(LIMIT_S).topic_partitions if each.error]
    except KafkaException as error:
        faults = [error.args[0]]
    if faults:
        raise PlatformError(
            f"the start offsets of {topic} cannot be set for the consumer group {group}: {faults[0].str()}",
            client["bootstrap.servers"],
            "the job's user needs the right to READ the group, and no other consumer may be in it",
        )


def _records(client: Mapping[str, str], topic: str, partition: int, first: int) -> Generator[int, None, None]:
    """Yield the offsets of records from `first` to the end; none if the topic ends before `first`."""
    settings = {**client, "group.id": "headrace.records", "enable.auto.commit": False, "enable.partition.eof": True,
                "isolation.level": "read_committed", "auto.offset.reset": "earliest"}  # fmt: skip
    consumer = Consumer(settings)
    try:
        consumer.assign([TopicPartition(topic, partition, first)])
        # A message without a value is falsy, but a record like any other.
        while (message := _next(consumer, topic, partition, first)) is not None and message.offset() >= first:
            yield message.offset()
    except KafkaException as error:
        raise _unavailable(client, error) from None
    finally:
        consumer.close()


def _next(consumer: Consumer, topic: str, partition: int, first: int) -> Message | None:
    """Return the next message; None at the end. A broker that does not answer is an error, not the end."""
    message = consumer.poll(PATIENCE_S)
    if message is None:
        what = f"Kafka has not answered about partition {partition} from offset {first} on for {PATIENCE_S} s"
        raise PlatformError(what, topic, "run it again once the partition has a leader")
    if error := message.error():
        if error.code() == KafkaError._PARTITION_EOF:
            return None
        raise KafkaException(error)
    return message


def _offset_ranges(client: Mapping[str, str], topic: str, partitions: Iterable[int]) -> dict[int, OffsetRange]:
    # One client per attempt: a client that did not find a partition's leader waits long before it looks again.
    consumer = Consumer({**client, "group.id": "headrace.spans", "enable.auto.commit": False})
    try:
        return {p: OffsetRange(*consumer.get_watermark_offsets(TopicPartition(topic, p), LIMIT_S)) for p in partitions}
    finally:
        consumer.close()


def _partitions(client: Mapping[str, str], topic: str) -> list[int]:
    known = _known(client)
    if topic not in known:
        has = ", ".join(sorted(t for t in known if not t.startswith("__"))) or "none"
        raise UserError(f"the broker has no topic '{topic}'", fix=f"create it, or correct the contract; it has: {has}")
    return sorted(known[topic].partitions)


def _known(client: Mapping[str, str]) -> dict[str, TopicMetadata]:
    try:
        topics: dict[str, TopicMetadata] = AdminClient(dict(client)).list_topics(timeout=LIMIT_S).topics
    except KafkaException as error:
        raise _unavailable(client, error) from None
    return topics


def _unavailable(client: Mapping[str, str], error: KafkaException) -> PlatformError:
    return PlatformError(
        f"Kafka does not answer: {error.args[0].str()}",
        client["bootstrap.servers"],
        "is it up? `headrace local status` shows the local one; `headrace local up` starts it",
    )
