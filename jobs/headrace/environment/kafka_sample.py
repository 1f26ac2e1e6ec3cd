"""Some messages of a topic, as a look at them needs them: a bounded number, and a bounded number of bytes."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from confluent_kafka import TIMESTAMP_NOT_AVAILABLE, Consumer, KafkaError, KafkaException, Message, TopicPartition

from headrace.environment import kafka, kafka_metadata
from headrace.environment.broker_errors import unavailable

MAX_BYTES = 2**26
"""About the most bytes of a sample."""

_POLL_S = 0.2


@dataclass(frozen=True)
class Record:
    """A message of a topic and its place there.

    time: milliseconds since 1970; None if Kafka does not know it. origin: where it is if it is not in the topic.
    """

    topic: str
    partition: int
    offset: int
    time: int | None
    key: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]
    value: bytes | None
    origin: str | None = None

    @property
    def place(self) -> str:
        """Where the message is, like `plant.readings/0/17`, or `messages.jsonl:17`."""
        return self.origin or f"{self.topic}/{self.partition}/{self.offset}"


def sample(
    client: Mapping[str, str], topic: str, limit: int, since: datetime | None = None, wait_s: float = 0
) -> list[Record]:
    """Return up to `limit` messages of the topic: its last ones, or those from `since` on if it is given.

    All partitions get an equal share, as far as they have messages. If there is none, the first ones that come within
    `wait_s` seconds are returned. Raises PlatformError if the broker does not answer, UserError if there is no such
    topic.
    """
    ranges = kafka.offset_ranges(client, topic)
    consumer = Consumer({**client, "group.id": "headrace.sample", "enable.auto.commit": False,
                         "enable.partition.eof": True, "isolation.level": "read_committed"})  # fmt: skip
    try:
        found: list[Record] = []
        starts = _starts(consumer, topic, ranges, limit, since)
        for start in starts:
            found += _read(consumer, start, -(-limit // len(starts)), MAX_BYTES // len(starts))
        if not found and wait_s:
            ends = [TopicPartition(topic, partition, offsets.end) for partition, offsets in ranges.items()]
            found = _coming(consumer, ends, limit, wait_s)
    except KafkaException as error:
        raise unavailable(client, error) from None
    finally:
        consumer.close()
    return found[:limit]


def _starts(
    consumer: Consumer, topic: str, ranges: Mapping[int, kafka.OffsetRange], limit: int, since: datetime | None
) -> list[TopicPartition]:
    """Return where to start in each partition that has messages to read."""
    held = {partition: offsets for partition, offsets in ranges.items() if offsets.end > offsets.first}
    if since is not None:
        asked = [TopicPartition(topic, partition, int(since.timestamp() * 1000)) for partition in held]
        found = consumer.offsets_for_times(asked, kafka_metadata.LIMIT_S) if asked else []
        return [each for each in found if 0 <= each.offset < held[each.partition].end]
    share = -(-limit // max(1, len(held)))
    return [TopicPartition(topic, each, max(held[each].first, held[each].end - share)) for each in held]


def _read(consumer: Consumer, start: TopicPartition, limit: int, max_bytes: int) -> Iterator[Record]:
    """Yield up to `limit` messages of one partition, to its end; the one that exceeds `max_bytes` is the last."""
    consumer.assign([start])
    size = 0
    while limit and size <= max_bytes:
        message = consumer.poll(kafka_metadata.LIMIT_S)
        if message is None or _is_end(message):
            return
        record = _record(message)
        size += len(record.value or b"")
        limit -= 1
        yield record


def _coming(consumer: Consumer, ends: list[TopicPartition], limit: int, wait_s: float) -> list[Record]:
    """Return the messages that come until `wait_s` seconds have passed, or there are `limit`."""
    consumer.assign(ends)
    until = time.monotonic() + wait_s
    found: list[Record] = []
    while len(found) < limit and time.monotonic() < until:
        message = consumer.poll(_POLL_S)
        if message is not None and not _is_end(message):
            found.append(_record(message))
    return found


def _is_end(message: Message) -> bool:
    """Return whether this is no message but the end of a partition. Raises KafkaException for another event."""
    if (error := message.error()) is None:
        return False
    if error.code() == KafkaError._PARTITION_EOF:
        return True
    raise KafkaException(error)


def _record(message: Message) -> Record:
    kind, milliseconds = message.timestamp()
    return Record(
        message.topic(),
        message.partition(),
        message.offset(),
        None if kind == TIMESTAMP_NOT_AVAILABLE else milliseconds,
        message.key(),
        tuple(message.headers() or ()),
        message.value(),
    )
