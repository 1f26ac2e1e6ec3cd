"""The ends of a job: the topics and tables it is joined to, as Flink is told of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Protocol

from headrace.compose import render
from headrace.environment import kafka_options
from headrace.environment.settings import Settings
from headrace.project.job import Job, Mode
from headrace.project.topic_files import Topic
from headrace_udfs.contract import Contract
from headrace_udfs.registry import RegistryAddress
from headrace_udfs.schemas import GivenSchemas

Options = Mapping[str, str]


@dataclass(frozen=True)
class Spread:
    """How many `partitions` a topic has, and how many `readers` share them."""

    partitions: int = 1
    readers: int = 1


class Connectors(Protocol):
    """What a job is joined to. The statements between are the same for all."""

    @property
    def metadata(self) -> bool:
        """Whether a record's position is metadata of the connector, or columns of its own."""

    @property
    def follow(self) -> Options:
        """Options of a table that ref() follows."""

    @property
    def now(self) -> float | None:
        """Seconds since 1970 that stand for the workers' clock, if not their own."""

    def stepped(self, source: str) -> bool:
        """Whether the source's table holds its watermark, as src_watermark, and the readings move none."""

    def catalog(self) -> list[str]:
        """Statements that make the tables known, in a catalog with the settings' name."""

    def reading(self, job: Job, source: str, contract: Contract) -> Options:
        """Options of the Flink table that is the source's topic."""

    def spread(self, source: str) -> Spread:
        """How the source's topic is read."""

    def schemas(self, source: str) -> RegistryAddress | GivenSchemas | None:
        """Where the schemas are that the source's messages name, if anywhere."""

    def writing(self, job: Job, topic: Topic, mode: Mode) -> Options:
        """Options of the Flink table that is a topic written."""


def group(job: Job) -> str:
    """The job's consumer group at Kafka, which holds where it starts, and tells others how far it has come."""
    return f"headrace.{job.name.replace('/', '.')}"


# An offset that the topic does not have (any more) stops the job. Every other mode goes on elsewhere without a word: a
# topic made anew would be taken for the old one, and what retention took before it was read would not be missed.
_START: Options = {"scan.startup.mode": "group-offsets", "properties.auto.offset.reset": "none"}
# Flink looks for partitions that were added every five minutes, if not told otherwise.
_SCAN: Mapping[bool, Options] = {
    True: {"scan.bounded.mode": "latest-offset"},
    False: {"scan.topic-partition-discovery.interval": "10 s"},
}


@dataclass(frozen=True)
class LiveConnectors:
    """Kafka and the Iceberg catalog of the settings.

    A job starts at the offsets that its group was given (`submit.launch`), or where its savepoint stands. `spreads` are
    by the source's name. A bounded job ends at the records that are last when it starts.
    """

    settings: Settings
    spreads: Mapping[str, Spread] = field(default_factory=dict)
    bounded: bool = False
    metadata: ClassVar[bool] = True
    now: ClassVar[float | None] = None
    follow: ClassVar[Options] = {"streaming": "true", "monitor-interval": "10s"}

    def stepped(self, source: str) -> bool:  # noqa: ARG002 - all that cases need
        return False

    def catalog(self) -> list[str]:
        name = self.settings.catalog.name
        return [render.engine("catalog", name=name, options=self.settings.catalog.flink())]

    def reading(self, job: Job, source: str, contract: Contract) -> Options:  # noqa: ARG002 - all that cases need
        return {
            "connector": "kafka",
            "topic": contract.topic,
            "format": "raw",
            "properties.group.id": group(job),
            "properties.isolation.level": "read_committed",
            **self._broker(),
            **_START,
            **_SCAN[self.bounded],
        }

    def spread(self, source: str) -> Spread:
        return self.spreads.get(source, Spread())

    def schemas(self, source: str) -> RegistryAddress | GivenSchemas | None:  # noqa: ARG002 - all that cases need
        return self.settings.schema_registry.address() if self.settings.schema_registry else None

    def writing(self, job: Job, topic: Topic, mode: Mode) -> Options:
        keyed = {"key.fields": ";".join(topic.key)} if mode == "append" else {}
        return {
            "connector": "kafka" if mode == "append" else "upsert-kafka",
            "topic": topic.topic,
            "key.format": "json",
            **keyed,
            "value.format": "json",
            "value.json.timestamp-format.standard": "ISO-8601",
            "sink.delivery-guarantee": "exactly-once",
            "sink.transactional-id-prefix": f"{group(job)}.{topic.topic}",
            # Above the longest checkpoint and restart, and no more than brokers grant unasked.
            "properties.transaction.timeout.ms": "900000",
            **self._broker(),
        }

    def _broker(self) -> dict[str, str]:
        return {f"properties.{key}": value for key, value in kafka_options.for_flink(self.settings.kafka).items()}
