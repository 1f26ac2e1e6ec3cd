"""Send the readings to their Kafka topic, each with its own time, and damage a share of them on the way.

Every run produces the same messages in the same order in each partition. An interrupted replay therefore resumes where
the topic ends, like a gateway with a buffer, and the topic never holds a message twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

from headrace.environment import kafka
from headrace.errors import PlatformError, UserError
from headrace.local.demo.corruption import DAMAGES, Damage

PARTITIONS = 4
DAMAGED_SHARE = 0.001
DAMAGE_SEED = 20140101
HEADER = "damage"
"""Header of a damaged message; its value is the dead-letter code that the damage must get."""

LIMIT_S = 60


def create_topic(client: Mapping[str, str], topic: str) -> None:
    """Create the topic if it is missing."""
    try:
        kafka.offset_ranges(client, topic)
    except UserError:
        admin = AdminClient(dict(client))
        config = {"retention.ms": "-1", "max.message.bytes": str(16 * 2**20)}
        creations = admin.create_topics(
            [NewTopic(topic, num_partitions=PARTITIONS, replication_factor=1, config=config)]
        )
        creations[topic].result(timeout=LIMIT_S)


def replay(
    client: Mapping[str, str], topic: str, readings: pa.Table, progress: Callable[[int], None] = lambda _sent: None
) -> int:
    """Send the `readings` (columns tag, ts, payload) that the topic does not hold yet, and return their number.

    Calls `progress` regularly with the number of messages handled so far. Raises PlatformError if the broker does not
    accept messages.
    """
    failures: list[str] = []
    producer = Producer(
        {
            **client,
            "enable.idempotence": True,
            "linger.ms": 50,
            "compression.type": "lz4",
            "queue.buffering.max.messages": 500_000,
            "delivery.report.only.error": True,
            "on_delivery": lambda error, _message: failures.append(str(error)),
        }
    )
    held = [span.end for _, span in sorted(kafka.offset_ranges(client, topic).items())]
    names = sorted(pc.unique(readings["tag"]).to_pylist())
    partition_of = {tag: n % PARTITIONS for n, tag in enumerate(names)}
    damages = _damages(readings.num_rows)
    sent = 0
    for n, (tag, ts, payload) in enumerate(_rows(readings)):
        if n % 10_000 == 0:
            progress(n)
            producer.poll(0)
        partition = partition_of[tag]
        held[partition] -= 1
        if held[partition] >= 0:
            continue
        message = {"key": tag, "value": payload, "partition": partition, "timestamp": ts}
        if damage := damages.get(n):
            message |= {"value": damage.apply(payload), "headers": [(HEADER, damage.code)]}
        _send(producer, topic, message)
        sent += 1
    left = producer.flush(LIMIT_S)
    if left or failures:
        reason = failures[0] if failures else "it does not answer"
        raise PlatformError(f"the broker did not take {left + len(failures):,} messages: {reason}")
    progress(readings.num_rows)
    return sent


def _send(producer: Producer, topic: str, message: Mapping[str, Any]) -> None:
    for _ in range(LIMIT_S):
        try:
            producer.produce(topic, **message)
        except BufferError:
            producer.poll(1)
        else:
            return
    raise PlatformError(f"the broker has taken no message for {LIMIT_S} s")


def _damages(messages: int) -> dict[int, Damage]:
    """Return the damage by message number. A larger number of messages extends the result and changes none of it."""
    random = np.random.default_rng(DAMAGE_SEED)
    hit = np.flatnonzero(random.random(messages) < DAMAGED_SHARE)
    return {int(n): DAMAGES[i % len(DAMAGES)] for i, n in enumerate(hit)}


def _rows(readings: pa.Table) -> Iterator[tuple[str, int, bytes]]:
    for batch in readings.to_batches(max_chunksize=50_000):
        yield from zip(*(batch[name].to_pylist() for name in ("tag", "ts", "payload")), strict=True)
