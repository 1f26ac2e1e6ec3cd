"""What stands in a Kafka topic: its partitions and their first and end offsets."""

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

# A broker that was away knows its topics again some seconds before it leads their partitions.
_PATIENTLY = Retrying(
    stop=stop_after_delay(PATIENCE_S), wait=wait_fixed(0.5), retry=retry_if_exception_type(KafkaException), reraise=True
)


@dataclass(frozen=True)
class OffsetRange:
    """Offsets that a partition still holds: from `first` up to, and without, `end`."""

    first: int
    end: int


def offset_ranges(client: Mapping[str, str], topic: str) -> dict[int, OffsetRange]:
    """The span of each partition of `topic`, by its number.

    Raises PlatformError when the broker does not answer, UserError when there is no such topic.
    """
    partitions = _partitions(client, topic)
    try:
        return _PATIENTLY(_spans, client, topic, partitions)
    except KafkaException as error:
        raise _down(client, error) from None


def records_in(client: Mapping[str, str], topic: str, partition: int, first: int, end: int) -> NDArray[np.int64]:
    """The offsets in [first, end) that hold a record: a transaction marker or a compacted record leaves none."""
    offsets = takewhile(lambda offset: offset < end, _records(client, topic, partition, first))
    return np.fromiter(offsets, np.int64)


def next_record(client: Mapping[str, str], topic: str, partition: int, first: int) -> int | None:
    """The offset of the first record from `first` on; None where there is none up to the end."""
    with closing(_records(client, topic, partition, first)) as offsets:
        return next(offsets, None)


def identity(client: Mapping[str, str], topic: str) -> str:
    """The topic's name and Kafka's id of it. Raises as `topic_id` does."""
    return f"{topic} {topic_id(client, topic)}"


def topic_id(client: Mapping[str, str], topic: str) -> str:
    """Kafka's id of the topic, which one made anew under its name does not have.

    Raises PlatformError when the broker does not answer, UserError when there is no such topic.
    """
    _partitions(client, topic)
    admin = AdminClient(dict(client))
    try:
        described = admin.describe_topics(TopicCollection([topic]))[topic].result(LIMIT_S)
    except KafkaException as error:
        raise _down(client, error) from None
    return str(described.topic_id)


def topic_names(client: Mapping[str, str]) -> list[str]:
    """The broker's topics, less its own. Raises PlatformError when the broker does not answer."""
    return sorted(name for name in _known(client) if not name.startswith("__"))


def create_topic(client: Mapping[str, str], topic: str, partitions: int) -> None:
    """Make the topic, replicated as the broker does by default. Raises PlatformError."""
    admin = AdminClient(dict(client))
    try:
        for made in admin.create_topics([NewTopic(topic, partitions)]).values():
            made.result(LIMIT_S)
    except KafkaException as error:
        raise _down(client, error) from None


def set_group_offsets(client: Mapping[str, str], group: str, topic: str, offsets: Mapping[int, int]) -> None:
    """Have the consumer group `group` stand at these offsets of the topic. Raises PlatformError."""
    stands = [TopicPartition(topic, partition, offset) for partition, offset in offsets.items()]
    admin = AdminClient(dict(client))
    try:
        (asked,) = admin.alter_consumer_group_offsets([ConsumerGroupTopicPartitions(group, stands)]).values()
        faults = [each.error for each in asked.result(LIMIT_S).topic_partitions if each.error]
    except KafkaException as error:
        faults = [error.args[0]]
    if faults:
        raise PlatformError(
            f"the consumer group {group} is not placed at the offsets of {topic} to start from: {faults[0].str()}",
            client["bootstrap.servers"],
            "the job's user needs the right to READ the group, and no other consumer may be in it",
        )


def _records(client: Mapping[str, str], topic: str, partition: int, first: int) -> Generator[int, None, None]:
    """Offsets of records to the end; none where the topic has come to no such offset, or not any more as it was."""
    settings = {**client, "group.id": "headrace.records", "enable.auto.commit": False, "enable.partition.eof": True,
                "isolation.level": "read_committed", "auto.offset.reset": "earliest"}  # fmt: skip
    consumer = Consumer(settings)
    try:
        consumer.assign([TopicPartition(topic, partition, first)])
        # A message without a value is falsy, and a record as any other.
        while (message := _next(consumer, topic, partition, first)) is not None and message.offset() >= first:
            yield message.offset()
    except KafkaException as error:
        raise _down(client, error) from None
    finally:
        consumer.close()


def _next(consumer: Consumer, topic: str, partition: int, first: int) -> Message | None:
    """None at the end. A broker that says nothing has not said that there is nothing."""
    message = consumer.poll(PATIENCE_S)
    if message is None:
        what = f"Kafka says nothing of partition {partition} from offset {first} on, for {PATIENCE_S} s"
        raise PlatformError(what, topic, "run it again once the partition has a leader")
    if error := message.error():
        if error.code() == KafkaError._PARTITION_EOF:
            return None
        raise KafkaException(error)
    return message


def _spans(client: Mapping[str, str], topic: str, partitions: Iterable[int]) -> dict[int, OffsetRange]:
    # A client of its own for each attempt: one that has once not found a partition's leader is slow to look again.
    consumer = Consumer({**client, "group.id": "headrace.spans", "enable.auto.commit": False})
    try:
        return {p: OffsetRange(*consumer.get_watermark_offsets(TopicPartition(topic, p), LIMIT_S)) for p in partitions}
    finally:
        consumer.close()


def _partitions(client: Mapping[str, str], topic: str) -> list[int]:
    known = _known(client)
    if topic not in known:
        has = ", ".join(sorted(t for t in known if not t.startswith("__"))) or "none"
        raise UserError(f"the broker has no topic '{topic}'", fix=f"create it, or mend the contract; it has: {has}")
    return sorted(known[topic].partitions)


def _known(client: Mapping[str, str]) -> dict[str, TopicMetadata]:
    try:
        found: dict[str, TopicMetadata] = AdminClient(dict(client)).list_topics(timeout=LIMIT_S).topics
    except KafkaException as error:
        raise _down(client, error) from None
    return found


def _down(client: Mapping[str, str], error: KafkaException) -> PlatformError:
    return PlatformError(
        f"Kafka does not answer: {error.args[0].str()}",
        client["bootstrap.servers"],
        "is it up? `headrace local status` shows the local one; `headrace local up` starts it",
    )
