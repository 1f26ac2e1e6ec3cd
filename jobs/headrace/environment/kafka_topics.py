"""Topics of an environment's Kafka as they are kept there: partitions, retention and compaction."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient, ConfigResource, NewTopic, ResourceType

from headrace.environment import kafka_metadata
from headrace.environment.broker_errors import answer_of, unavailable
from headrace.errors import PlatformError
from headrace_udfs.durations import duration

_MS = timedelta(milliseconds=1)
_UNANSWERED = {KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN, KafkaError._TIMED_OUT, KafkaError.REQUEST_TIMED_OUT}


@dataclass(frozen=True)
class TopicLayout:
    """How a topic keeps its messages. None: not said; a topic that is created then has one partition, and else what the
    broker does by default.

    retention: how long it keeps a message. compacted: whether it keeps the last message of each key.
    """

    partitions: int | None = None
    retention: timedelta | None = None
    compacted: bool | None = None

    def differences(self, found: FoundLayout) -> list[str]:
        """Return what is said here and is different there, each as `partitions: 1, not 4`."""
        differing = []
        if self.partitions not in (None, found.partitions):
            differing.append(f"partitions: {found.partitions}, not {self.partitions}")
        if self.retention is not None and found.retention_ms != self.retention // _MS:
            differing.append(f"retention: {found.retention}, not {duration(self.retention)}")
        if self.compacted not in (None, found.compacted):
            words = {True: "yes", False: "no"}
            differing.append(f"compacted: {words[found.compacted]}, not {words[bool(self.compacted)]}")
        return differing

    def configuration(self) -> dict[str, str]:
        """Return Kafka's options of a topic of this layout."""
        options = {} if self.retention is None else {"retention.ms": str(self.retention // _MS)}
        if self.compacted is None:
            return options
        # A compacted topic keeps the last message of each key, without an end, unless a retention is given as well.
        policies = ["compact"] if self.compacted else []
        policies += ["delete"] if self.retention is not None or not self.compacted else []
        return {**options, "cleanup.policy": ",".join(policies)}


@dataclass(frozen=True)
class FoundLayout:
    """How a topic of the broker keeps its messages. retention_ms: -1 for no limit."""

    partitions: int
    retention_ms: int
    policies: frozenset[str]

    @property
    def compacted(self) -> bool:
        """Whether it keeps the last message of each key."""
        return "compact" in self.policies

    @property
    def retention(self) -> str:
        """How long it keeps messages, as text."""
        if self.retention_ms < 0 or "delete" not in self.policies:
            return "without a limit"
        return duration(timedelta(milliseconds=self.retention_ms))


def found(client: Mapping[str, str], topics: Collection[str]) -> dict[str, FoundLayout]:
    """Return the layouts of those `topics` that the broker has, by name. Raises PlatformError."""
    counts = {name: number for name, number in kafka_metadata.partition_counts(client).items() if name in topics}
    admin = AdminClient(dict(client))
    layouts = {}
    try:
        asked = [ConfigResource(ResourceType.TOPIC, name) for name in counts]
        for resource, response in (admin.describe_configs(asked) if asked else {}).items():
            options = answer_of(response, kafka_metadata.LIMIT_S)
            policies = frozenset(each.strip() for each in options["cleanup.policy"].value.split(","))
            layouts[resource.name] = FoundLayout(counts[resource.name], int(options["retention.ms"].value), policies)
    except KafkaException as error:
        raise unavailable(client, error) from None
    return layouts


def create(client: Mapping[str, str], topic: str, layout: TopicLayout) -> None:
    """Create the topic with the broker's default replication. Raises PlatformError."""
    admin = AdminClient(dict(client))
    new = NewTopic(topic, layout.partitions or 1, config=layout.configuration())
    try:
        for creation in admin.create_topics([new]).values():
            answer_of(creation, kafka_metadata.LIMIT_S)
    except KafkaException as error:
        if error.args[0].code() in _UNANSWERED:
            raise unavailable(client, error) from None
        what = f"the broker does not create the topic {topic}: {error.args[0].str()}"
        raise PlatformError(what, client["bootstrap.servers"]) from None
