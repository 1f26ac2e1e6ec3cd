"""Connectors of a job: Flink's options for the topics that it reads and writes, and the catalog of its tables."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Protocol

from headrace.compose import render
from headrace.environment import kafka_options
from headrace.environment.settings import Settings
from headrace.project.job import Job, Mode
from headrace.project.topic import Topic
from headrace_udfs.around import carried
from headrace_udfs.contract import Contract
from headrace_udfs.contract_topics import TopicPattern
from headrace_udfs.key_ring import KeyRing
from headrace_udfs.registry import RegistryAddress
from headrace_udfs.schemas import GivenSchemas

Options = Mapping[str, str]


@dataclass(frozen=True)
class Spread:
    """How many `partitions` a topic has, and how many parallel `readers` share them."""

    partitions: int = 1
    readers: int = 1


class Connectors(Protocol):
    """How a job is connected to topics and tables: live, in a trial or in a test. The rest of the job is the same."""

    @property
    def metadata(self) -> bool:
        """Whether a record's position is metadata of the connector; otherwise it is stored in ordinary columns."""

    @property
    def follow(self) -> Options:
        """Options of a table that ref() follows."""

    @property
    def now(self) -> float | None:
        """Seconds since 1970 that replace the workers' clock; None for their own clock."""

    def stepped(self, source: str) -> bool:
        """Return whether the column src_watermark sets the watermark of the source's table, instead of the readings."""

    def catalog(self) -> list[str]:
        """Return the statements that create the catalog, under its name in the settings, and anything that it needs."""

    def reading(self, job: Job, source: str, contract: Contract, *, packed: bool) -> Options:
        """Return the options of the Flink table of the source's topic, whose rows are packs if it is `packed`."""

    def spread(self, source: str) -> Spread:
        """Return the partitions of the source's topic and the number of its readers."""

    def schemas(self, source: str) -> RegistryAddress | GivenSchemas | None:
        """Return where to get the schemas that the source's messages name; None if nowhere."""

    @property
    def keys(self) -> KeyRing:
        """Where workers find the keys that mask values and encrypt payloads."""

    def writing(self, job: Job, topic: Topic, mode: Mode) -> Options:
        """Return the options of the Flink table of a topic that the job writes."""


def group(job: Job) -> str:
    """Return the job's Kafka consumer group, which holds the start offsets and shows other tools its progress."""
    return f"headrace.{job.name.replace('/', '.')}"


# An offset that the topic does not have, or no longer has, stops the job. Every other mode silently continues
# elsewhere: a topic that was created again would be taken for the old one, and records that retention deleted before
# they were read would not be missed. jobs/java looks up the group's offsets when the job starts, so that its states
# have them.
_START: Options = {"scan.startup.mode": "group-offsets", "properties.auto.offset.reset": "none"}
# By default, Flink looks for new partitions every five minutes.
_UNBOUNDED: Options = {"scan.topic-partition-discovery.interval": "10 s"}


FETCHED_BYTES = 16 * 2**20
"""Bytes that a reader fetches ahead, of all its partitions. One batch of records counts as a whole, however large."""

_LEAST_OF_A_PARTITION = 64 * 2**10


def _bounds(contract: Contract, spread: Spread) -> Options:
    """Return the options that bound the memory of a reader in bytes. jobs/java reads headrace.max.bytes."""
    each = FETCHED_BYTES // math.ceil(spread.partitions / spread.readers)
    return {
        "properties.fetch.max.bytes": str(FETCHED_BYTES),
        "properties.max.partition.fetch.bytes": str(min(max(each, _LEAST_OF_A_PARTITION), 2**20)),
        "properties.headrace.max.bytes": str(contract.max_bytes),
    }


def _topics(contract: Contract) -> Options:
    """Return the option that names the topics. Kafka's own ones, which begin with two underscores, match no pattern."""
    if isinstance(contract.topics, TopicPattern):
        return {"topic-pattern": f"(?!__)(?:{contract.topics.pattern})"}
    return {"topic": ";".join(contract.topics)}


def _packing(contract: Contract) -> Options:
    """Return the options that make a reader pack. jobs/java reads headrace.pack: the parts of a message in a pack."""
    return {
        "properties.headrace.pack": ",".join(["lines", *carried(contract)]),
        "properties.max.poll.records": "10000",
    }


# Kafka's sink sends the last row of each key at a checkpoint, or once it holds this many keys. Otherwise it would send
# a deletion before each row that replaces another. Readers see no row before the checkpoint either way.
_LAST_OF_EACH_KEY: Options = {"sink.buffer-flush.max-rows": "10000", "sink.buffer-flush.interval": "1 d"}


@dataclass(frozen=True)
class LiveConnectors:
    """Connectors to Kafka and the Iceberg catalog of the settings.

    A job starts at the offsets that were set for its consumer group, or at those of its savepoint. `spreads` are by
    source name. A `bounded` job stops at the offsets `ends`, by source and partition; at those at which its topics end
    when it starts, if a source has none there.
    """

    settings: Settings
    spreads: Mapping[str, Spread] = field(default_factory=dict)
    bounded: bool = False
    ends: Mapping[str, Mapping[int, int]] = field(default_factory=dict)
    metadata: ClassVar[bool] = True
    now: ClassVar[float | None] = None
    follow: ClassVar[Options] = {"streaming": "true", "monitor-interval": "10s"}

    def stepped(self, source: str) -> bool:  # noqa: ARG002 - the protocol serves tests too
        """Return False: watermarks follow the readings."""
        return False

    def catalog(self) -> list[str]:
        """Return the statement that creates the Iceberg catalog."""
        name = self.settings.catalog.name
        return [render.engine("catalog", name=name, options=self.settings.catalog.flink())]

    def reading(self, job: Job, source: str, contract: Contract, *, packed: bool) -> Options:
        """Return the options of Flink's Kafka source."""
        return {
            "connector": "kafka",
            **_topics(contract),
            "format": "raw",
            "properties.group.id": group(job),
            "properties.isolation.level": "read_committed",
            **_bounds(contract, self.spread(source)),
            **(_packing(contract) if packed else {}),
            **self._broker(),
            **_START,
            **self._scan(source),
        }

    def spread(self, source: str) -> Spread:
        """Return the source's spread; one partition and one reader if it is not in `spreads`."""
        return self.spreads.get(source, Spread())

    @property
    def keys(self) -> KeyRing:
        """The references of the settings."""
        return KeyRing(self.settings.keys)

    def schemas(self, source: str) -> RegistryAddress | GivenSchemas | None:  # noqa: ARG002 - the protocol serves tests too
        """Return the address of the settings' schema registry, if there is one."""
        return self.settings.schema_registry.address() if self.settings.schema_registry else None

    def writing(self, job: Job, topic: Topic, mode: Mode) -> Options:
        """Return the options of Flink's Kafka sink, exactly once."""
        keyed = {"key.fields": ";".join(topic.key)} if mode == "append" else _LAST_OF_EACH_KEY
        return {
            "connector": "kafka" if mode == "append" else "upsert-kafka",
            "topic": topic.topic,
            "key.format": "json",
            **keyed,
            "value.format": "json",
            "key.json.timestamp-format.standard": "ISO-8601",
            "value.json.timestamp-format.standard": "ISO-8601",
            "sink.delivery-guarantee": "exactly-once",
            "sink.transactional-id-prefix": f"{group(job)}.{topic.topic}",
            # Longer than the longest checkpoint and restart, and within the default limit of brokers.
            "properties.transaction.timeout.ms": "900000",
            **self._broker(),
        }

    def _scan(self, source: str) -> Options:
        if not self.bounded:
            return _UNBOUNDED
        if not (ends := self.ends.get(source)):
            return {"scan.bounded.mode": "latest-offset"}
        offsets = ";".join(f"partition:{partition},offset:{end}" for partition, end in sorted(ends.items()))
        return {"scan.bounded.mode": "specific-offsets", "scan.bounded.specific-offsets": offsets}

    def _broker(self) -> dict[str, str]:
        return {f"properties.{key}": value for key, value in kafka_options.for_flink(self.settings.kafka).items()}
