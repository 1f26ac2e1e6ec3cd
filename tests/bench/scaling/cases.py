"""What is measured: each case changes one thing of the same run."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping

import msgspec
import yaml
from confluent_kafka.admin import AdminClient, NewTopic

from bench import topic
from bench.stand import Stand
from bench.topic import DAY_MS, START_MS, TAGS


class Case(msgspec.Struct, frozen=True):
    """One run. size: bytes of a message of one reading, nearly. readings: of the large topic; the small has a fifth."""

    name: str
    slots: int = 2
    partitions: int = 4
    size: int = 100
    per_message: int = 1
    jobs: int = 1
    readings: int = 1_500_000

    @property
    def small(self) -> int:
        """Readings of the small topic."""
        return self.readings // 5


CASES = [
    Case("2 slots, 4 partitions, 100 B, 1 reading a message"),
    Case("1 slot", slots=1),
    Case("1 partition", partitions=1),
    Case("16 partitions", partitions=16),
    Case("messages of 1 kB", size=1_000, readings=400_000),
    Case("messages of 10 kB", size=10_000, readings=50_000),
    Case("10 readings a message", per_message=10),
    Case("100 readings a message", per_message=100),
    Case("1,000 readings a message", per_message=1_000),
    Case("10 jobs at once, 1 slot and 1 partition each", slots=1, partitions=1, jobs=10, readings=400_000),
]


def fill(client: Mapping[str, str], topic: str, case: Case, readings: int) -> None:
    """Create the topic and send its messages, spread evenly over its partitions and, in order, over one day."""
    admin = AdminClient(dict(client))
    config = {"max.message.bytes": str(2**24)}
    made = admin.create_topics([NewTopic(topic, case.partitions, 1, config=config)])
    made[topic].result(timeout=30)
    send(client, topic, case, readings)


def send(client: Mapping[str, str], name: str, case: Case, readings: int) -> None:
    """Send the messages of a case to the topic `name`. Raises as `topic.send` does."""
    topic.send(client, name, _messages(case, readings), case.partitions)


def _messages(case: Case, readings: int) -> Iterator[bytes]:
    numbers = random.Random(7)  # noqa: S311 - the same topic each time, not a secret
    text = "".join(numbers.choices("0123456789abcdef", k=max(case.size - 100, 0)))
    more = b',"text":"%s"' % text.encode() if text else b""

    def reading(n: int) -> bytes:
        values = TAGS[n * 7919 % len(TAGS)].encode(), START_MS + n * DAY_MS // readings, numbers.random() * 100, more
        return b'{"tag":"%s","ts":%d,"value":%.5f,"q":192%s}' % values

    for start in range(0, readings, case.per_message):
        rows = [reading(n) for n in range(start, min(start + case.per_message, readings))]
        yield rows[0] if case.per_message == 1 else b"[" + b",".join(rows) + b"]"


def declare(stand: Stand, case: Case) -> None:
    """Have the stand's contract read messages of the case."""
    path = stand.project.sql / "_sources" / "plant_readings.yaml"
    contract = yaml.safe_load(path.read_text())
    if case.per_message > 1:
        contract["rows"] = "[]"
    path.write_text(yaml.safe_dump(contract, sort_keys=False))
