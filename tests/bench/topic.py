"""The topic that every contender reads: JSON readings of about 90 bytes, one in a thousand cut short."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping

from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

PARTITIONS = 4
TAGS = [f"R{80700 + unit}.generator_bearing_{place}_temperature" for unit in range(50) for place in range(40)]
START_MS = 1_388_534_400_000
DAY_MS = 86_400_000
CORRUPT_EVERY = 1000


def fill(client: Mapping[str, str], topic: str, messages: int) -> None:
    """Create the topic and send its messages, spread evenly over its partitions and, in order, over one day."""
    create(client, topic)
    numbers = random.Random(7)  # noqa: S311 - the same topic each time, not a secret
    payloads = (message(n, START_MS + n * DAY_MS // messages, numbers.random() * 100) for n in range(messages))
    send(client, topic, payloads, PARTITIONS)


def create(client: Mapping[str, str], topic: str) -> None:
    """Create the topic with PARTITIONS partitions."""
    admin = AdminClient(dict(client))
    futures = admin.create_topics([NewTopic(topic, num_partitions=PARTITIONS, replication_factor=1)])
    futures[topic].result(timeout=30)


def send(client: Mapping[str, str], topic: str, payloads: Iterable[bytes], partitions: int) -> None:
    """Send messages to the partitions in turn, and wait until the broker has them.

    Raises TimeoutError if the last ones are not there within two minutes.
    """
    producer = Producer({**client, "linger.ms": 20, "acks": "all", "message.max.bytes": 2**24})
    for n, payload in enumerate(payloads):
        while True:
            try:
                producer.produce(topic, payload, partition=n % partitions)
                break
            except BufferError:
                producer.poll(0.1)
        if n % 1_000 == 0:
            producer.poll(0)
    if left := producer.flush(120):
        raise TimeoutError(f"{left} messages did not reach the broker within 120 s")


def message(n: int, ts: int, value: float) -> bytes:
    """Return the nth message; a corrupt one lacks its last bytes."""
    payload = b'{"tag":"%s","ts":%d,"value":%.5f,"q":192}' % (TAGS[n * 7919 % len(TAGS)].encode(), ts, value)
    return payload[:-9] if n % CORRUPT_EVERY == CORRUPT_EVERY - 1 else payload


def corrupt(messages: int) -> int:
    """Return how many of the first `messages` are corrupt."""
    return messages // CORRUPT_EVERY
