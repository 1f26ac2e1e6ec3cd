"""Client of an environment's Kafka: topics, their partitions and offsets, and consumer groups."""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterable, Mapping
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import takewhile
from typing import Any

import numpy as np
from confluent_kafka import (
    TIMESTAMP_NOT_AVAILABLE,
    Consumer,
    ConsumerGroupTopicPartitions,
    IsolationLevel,
    KafkaError,
    KafkaException,
    Message,
    TopicCollection,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient, OffsetSpec, TopicMetadata
from numpy.typing import NDArray
from tenacity import Retrying, retry_if_exception_type, retry_if_result, stop_after_delay, wait_fixed

from headrace.environment.broker_errors import answer_of, unavailable
from headrace.environment.waiting import AFTER_S, waiting_for
from headrace.errors import PlatformError, UserError, nearest

LIMIT_S = 10
_LISTED = 5
"""Topics that are listed if one does not exist, those with similar names if there are any."""
PATIENCE_S = 60

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

    Raises PlatformError if the broker does not answer, UserError if there is no such topic.
    """
    partitions = _partitions(client, topic)
    try:
        with _waiting(client, f"the partitions of {topic}"):
            leaderless = _WHILE_LEADERLESS(_leaderless, client, topic)
            led = [each for each in partitions if each not in leaderless]
            ranges = _PATIENTLY(_offset_ranges, client, topic, led) if led else {}
    except KafkaException as error:
        raise unavailable(client, error) from None
    return TopicState(topic, topic_id(client, topic), ranges, leaderless)


def offset_ranges(client: Mapping[str, str], topic: str) -> dict[int, OffsetRange]:
    """Return the range of offsets of each partition of `topic`, by the partition's number.

    Raises PlatformError if the broker does not answer or a partition has no leader, UserError if there is no such
    topic.
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
    if found := topic_ids(client, [topic]).get(topic):
        return found
    raise UserError(f"the broker has no topic '{topic}'", fix="it was deleted just now: run this again")


def topic_ids(client: Mapping[str, str], topics: Iterable[str]) -> dict[str, str]:
    """Return the ids in Kafka of those `topics` that exist, by name. Raises PlatformError."""
    ids = {}
    # The client is kept: one that is collected ends its requests.
    admin = AdminClient(dict(client))
    try:
        answers = admin.describe_topics(TopicCollection([*topics]), request_timeout=LIMIT_S)
        for topic, answer in answers.items():
            try:
                ids[topic] = str(answer_of(answer, LIMIT_S).topic_id)
            except KafkaException as error:
                if error.args[0].code() != KafkaError.UNKNOWN_TOPIC_OR_PART:
                    raise
    except KafkaException as error:
        raise unavailable(client, error) from None
    return ids


def topic_names(client: Mapping[str, str]) -> list[str]:
    """Return the names of the broker's topics without its internal ones. Raises PlatformError."""
    return sorted(name for name in _known(client) if not name.startswith("__"))


def partition_counts(client: Mapping[str, str]) -> dict[str, int]:
    """Return the number of partitions of each of the broker's topics, by name. Raises PlatformError."""
    return {name: len(topic.partitions) for name, topic in _known(client).items()}


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


def messages(client: Mapping[str, str], topic: str, partition: int, first: int) -> Generator[Message, None, None]:
    """Yield the messages from the offset `first` to the end that can be read now; none if the topic ends before it.

    Markers and compacted records are none. Raises PlatformError if the broker does not answer.
    """
    consumer = Consumer(_reading(client, "read_committed"))
    try:
        consumer.assign([TopicPartition(topic, partition, first)])
        # A message without a value is falsy, but a record like any other.
        while (message := _next(client, consumer, topic, partition, first)) is not None and message.offset() >= first:
            yield message
    except KafkaException as error:
        raise unavailable(client, error) from None
    finally:
        consumer.close()


def _records(client: Mapping[str, str], topic: str, partition: int, first: int) -> Generator[int, None, None]:
    """Yield the offsets of records from `first` to the end; none if the topic ends before `first`."""
    with closing(messages(client, topic, partition, first)) as found:
        for message in found:
            yield message.offset()


def _next(client: Mapping[str, str], consumer: Consumer, topic: str, partition: int, first: int) -> Message | None:
    """Return the next message; None at the end. A broker that does not answer is an error, not the end."""
    message = consumer.poll(AFTER_S)
    if message is None:
        with _waiting(client, f"records of {topic}/{partition}"):
            message = consumer.poll(PATIENCE_S)
    if message is None:
        what = f"Kafka has not answered about partition {partition} from offset {first} on for {PATIENCE_S} s"
        raise PlatformError(what, topic, "run it again once the partition has a leader")
    if error := message.error():
        if error.code() == KafkaError._PARTITION_EOF:
            return None
        raise KafkaException(error)
    return message


def _leaderless(client: Mapping[str, str], topic: str) -> tuple[int, ...]:
    known = _known(client).get(topic)
    return tuple(sorted(each.id for each in known.partitions.values() if each.leader < 0)) if known else ()


def _offset_ranges(client: Mapping[str, str], topic: str, partitions: Collection[int]) -> dict[int, OffsetRange]:
    # One client per attempt: a client that did not find a partition's leader waits long before it looks again.
    admin = AdminClient(dict(client))
    first = _offsets(admin, topic, partitions, OffsetSpec.earliest(), IsolationLevel.READ_UNCOMMITTED)
    # What the broker holds is asked for before what can be read: in the other order, records that arrive in between
    # would appear to wait behind a transaction.
    held = _offsets(admin, topic, partitions, OffsetSpec.latest(), IsolationLevel.READ_UNCOMMITTED)
    stable = _offsets(admin, topic, partitions, OffsetSpec.latest(), IsolationLevel.READ_COMMITTED)
    hidden = {p: max(0, held[p] - stable[p]) for p in partitions}
    since = {p: _time_of(client, topic, p, stable[p]) for p in partitions if hidden[p]}
    return {p: OffsetRange(first[p], stable[p], hidden[p], since.get(p)) for p in partitions}


def _offsets(
    admin: AdminClient, topic: str, partitions: Collection[int], spec: OffsetSpec, level: IsolationLevel
) -> dict[int, int]:
    asked = {TopicPartition(topic, partition): spec for partition in partitions}
    answers = admin.list_offsets(asked, isolation_level=level, request_timeout=LIMIT_S)
    return {at.partition: answer_of(answer, LIMIT_S).offset for at, answer in answers.items()}


def _time_of(client: Mapping[str, str], topic: str, partition: int, offset: int) -> datetime | None:
    """Return the time (UTC) of the record at `offset`, whether its transaction has ended or not; None if unknown."""
    consumer = Consumer(_reading(client, "read_uncommitted"))
    try:
        consumer.assign([TopicPartition(topic, partition, offset)])
        message = consumer.poll(LIMIT_S)
        if message is None or message.error():
            return None
        kind, milliseconds = message.timestamp()
        return None if kind == TIMESTAMP_NOT_AVAILABLE else datetime.fromtimestamp(milliseconds / 1000, UTC)
    finally:
        consumer.close()


def _reading(client: Mapping[str, str], isolation: str) -> dict[str, str | bool]:
    """Return the settings of a consumer that reads from a given offset and commits nothing."""
    return {**client, "group.id": "headrace.records", "enable.auto.commit": False, "enable.partition.eof": True,
            "isolation.level": isolation, "auto.offset.reset": "earliest"}  # fmt: skip


def _waiting(client: Mapping[str, str], what: str, limit_s: float = PATIENCE_S) -> AbstractContextManager[None]:
    return waiting_for(f"Kafka ({client['bootstrap.servers']}): {what}", limit_s)


def _partitions(client: Mapping[str, str], topic: str) -> list[int]:
    known = _known(client)
    if topic not in known:
        raise UserError(
            f"the broker has no topic '{topic}'",
            client.get("bootstrap.servers"),
            f"create it (headrace topics create), or correct the contract; it has: {listed(_own(known), topic)}",
        )
    return sorted(known[topic].partitions)


def topics(client: Mapping[str, str]) -> list[str]:
    """Return the names of all topics but Kafka's own, sorted. Raises PlatformError if the broker does not answer."""
    return _own(_known(client))


def listed(names: list[str], near: str | None = None) -> str:
    """Return some of the names as text, those that are similar to `near` if there are any."""
    has = ", ".join((near and nearest(near, names, _LISTED)) or names[:_LISTED]) or "none"
    return has + (f", and {len(names) - _LISTED:,} more" if len(names) > _LISTED else "")


def _own(names: Iterable[str]) -> list[str]:
    return sorted(name for name in names if not name.startswith("__"))


def _known(client: Mapping[str, str]) -> dict[str, TopicMetadata]:
    try:
        with _waiting(client, "its topics", LIMIT_S):
            topics: dict[str, TopicMetadata] = AdminClient(dict(client)).list_topics(timeout=LIMIT_S).topics
    except KafkaException as error:
        raise unavailable(client, error) from None
    return topics
