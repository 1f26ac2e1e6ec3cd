"""Offsets of an environment's Kafka: those of the partitions of a topic, and those of a consumer group."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from confluent_kafka import (
    ConsumerGroupTopicPartitions,
    IsolationLevel,
    KafkaError,
    KafkaException,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient, OffsetSpec
from tenacity import Retrying, retry_if_exception_type, retry_if_result, stop_after_delay, wait_fixed

from headrace.environment import kafka_metadata, kafka_records
from headrace.environment.broker_errors import answer_of, unavailable
from headrace.environment.kafka_metadata import LIMIT_S, PATIENCE_S, waiting_for_kafka
from headrace.errors import PlatformError

# A broker that restarted knows its topics some seconds before it leads their partitions.
_PATIENTLY = Retrying(
    stop=stop_after_delay(PATIENCE_S), wait=wait_fixed(0.5), retry=retry_if_exception_type(KafkaException), reraise=True
)
# A broker that has just started has not yet loaded the groups that it coordinates.
_GROUP_MOVES = {
    KafkaError.NOT_COORDINATOR,
    KafkaError.COORDINATOR_NOT_AVAILABLE,
    KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
}


def _retrying_while(unsettled: Callable[[Any], bool]) -> Retrying:
    """Return what repeats a call while its result is `unsettled`, and returns the last result after PATIENCE_S."""
    return Retrying(
        stop=stop_after_delay(PATIENCE_S),
        wait=wait_fixed(0.5),
        retry=retry_if_result(unsettled),
        retry_error_callback=lambda last: last.outcome and last.outcome.result(),
    )


_WHILE_THE_GROUP_MOVES = _retrying_while(lambda fault: fault is not None and fault.code() in _GROUP_MOVES)
_WHILE_LEADERLESS = _retrying_while(bool)


@dataclass(frozen=True)
class OffsetRange:
    """The offsets of a partition that consumers can read now: from `first` up to but not including `end`.

    `end` is the last stable offset: consumers do not read past a transaction that is still open. The broker holds
    `hidden` more offsets from there on, whether their own transaction is open or not; `hidden_since` is the time (UTC)
    of the first of these records, None if there is none, or if Kafka does not know it.
    """

    first: int
    end: int
    hidden: int = 0
    hidden_since: datetime | None = None

    @property
    def held(self) -> int:
        """The end of what the broker holds, readable or not: the high watermark."""
        return self.end + self.hidden

    @property
    def hidden_reason(self) -> str | None:
        """What is hidden, and why, as text; None if nothing is."""
        if not self.hidden:
            return None
        since = f" since {self.hidden_since:%Y-%m-%d %H:%M:%S} UTC" if self.hidden_since else ""
        return f"{self.hidden:,} offsets wait behind an open transaction{since}"


@dataclass(frozen=True)
class TopicState:
    """A topic now: its `id` in Kafka, and the offsets of each partition, by its number.

    The offsets of the partitions `leaderless` are unknown: none of the brokers leads these.
    """

    name: str
    id: str
    ranges: Mapping[int, OffsetRange]
    leaderless: tuple[int, ...] = ()


def topic_state(client: Mapping[str, str], topic: str) -> TopicState:
    """Return the state of `topic`. A partition without a leader is waited for, up to PATIENCE_S.

    Raises PlatformError if the broker does not answer, UserError if the topic does not exist.
    """
    partitions = kafka_metadata.partitions(client, topic)
    try:
        with waiting_for_kafka(client, f"the partitions of {topic}"):
            leaderless = _WHILE_LEADERLESS(kafka_metadata.leaderless, client, topic)
            led = [each for each in partitions if each not in leaderless]
            ranges = _PATIENTLY(_offset_ranges, client, topic, led) if led else {}
    except KafkaException as error:
        raise unavailable(client, error) from None
    return TopicState(topic, kafka_metadata.topic_id(client, topic), ranges, leaderless)


def offset_ranges(client: Mapping[str, str], topic: str) -> dict[int, OffsetRange]:
    """Return the range of offsets of each partition of `topic`, by the partition's number.

    Raises PlatformError if the broker does not answer or a partition has no leader, UserError if the topic does not
    exist.
    """
    state = topic_state(client, topic)
    if state.leaderless:
        raise PlatformError(no_leader(state.leaderless), f"topic {topic}", f"{HOLDERS}, then run this again")
    return dict(state.ranges)


def offsets_at(client: Mapping[str, str], topic: str, time: datetime) -> dict[int, int | None]:
    """Return, for each partition, the offset of the first record whose time is `time` or later; None if none is.

    The times are those of the records, which their producers set, unless the topic keeps the time of arrival. The mark
    that ends a transaction counts as a record. Raises as `offset_ranges` does.
    """
    partitions = [*offset_ranges(client, topic)]
    asked = OffsetSpec.for_timestamp(int(time.timestamp() * 1000))
    try:
        found = _offsets(AdminClient(dict(client)), topic, partitions, asked, IsolationLevel.READ_COMMITTED)
    except KafkaException as error:
        raise unavailable(client, error) from None
    return {partition: None if offset < 0 else offset for partition, offset in found.items()}


END_OF_TRANSACTION = "end its producer; the broker does so after its transaction.timeout.ms"
"""What to do about offsets that wait behind an open transaction."""

HOLDERS = "start the brokers that hold it"
"""The fix of a partition without a leader."""


def no_leader(partitions: Collection[int]) -> str:
    """Return the words for partitions that no broker leads."""
    noun, verb = ("partition", "has") if len(partitions) == 1 else ("partitions", "have")
    return f"{noun} {', '.join(map(str, partitions))} {verb} no leader: nobody can read or write there"


def set_group_offsets(client: Mapping[str, str], group: str, topic: str, offsets: Mapping[int, int]) -> None:
    """Set the offsets of the consumer group `group` in the topic, by partition. Raises PlatformError."""
    positions = [TopicPartition(topic, partition, offset) for partition, offset in offsets.items()]
    wanted = ConsumerGroupTopicPartitions(group, positions)
    if fault := _WHILE_THE_GROUP_MOVES(_group_offsets_fault, AdminClient(dict(client)), wanted):
        raise PlatformError(
            f"the start offsets of {topic} cannot be set for the consumer group {group}: {fault.str()}",
            client["bootstrap.servers"],
            "the job's user needs the right to READ the group, and no other consumer may be in it",
        )


def _group_offsets_fault(admin: AdminClient, wanted: ConsumerGroupTopicPartitions) -> KafkaError | None:
    try:
        (response,) = admin.alter_consumer_group_offsets([wanted]).values()
        return next((each.error for each in answer_of(response, LIMIT_S).topic_partitions if each.error), None)
    except KafkaException as error:
        fault: KafkaError = error.args[0]
        return fault


def _offset_ranges(client: Mapping[str, str], topic: str, partitions: Collection[int]) -> dict[int, OffsetRange]:
    # One client per attempt: a client that did not find a partition's leader waits long before it looks again.
    admin = AdminClient(dict(client))
    first = _offsets(admin, topic, partitions, OffsetSpec.earliest(), IsolationLevel.READ_UNCOMMITTED)
    # What the broker holds is asked for before what can be read: in the other order, records that arrive in between
    # would appear to wait behind a transaction.
    held = _offsets(admin, topic, partitions, OffsetSpec.latest(), IsolationLevel.READ_UNCOMMITTED)
    stable = _offsets(admin, topic, partitions, OffsetSpec.latest(), IsolationLevel.READ_COMMITTED)
    hidden = {p: max(0, held[p] - stable[p]) for p in partitions}
    since = {p: kafka_records.time_of(client, topic, p, stable[p]) for p in partitions if hidden[p]}
    return {p: OffsetRange(first[p], stable[p], hidden[p], since.get(p)) for p in partitions}


def _offsets(
    admin: AdminClient, topic: str, partitions: Collection[int], spec: OffsetSpec, level: IsolationLevel
) -> dict[int, int]:
    asked = {TopicPartition(topic, partition): spec for partition in partitions}
    answers = admin.list_offsets(asked, isolation_level=level, request_timeout=LIMIT_S)
    return {at.partition: answer_of(answer, LIMIT_S).offset for at, answer in answers.items()}
