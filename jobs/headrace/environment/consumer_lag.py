"""How far consumer groups are behind the ends of their topics, as the broker itself reports it."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from confluent_kafka import (
    Consumer,
    ConsumerGroupTopicPartitions,
    IsolationLevel,
    KafkaException,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient, OffsetSpec, TopicMetadata

from headrace.environment import kafka
from headrace.environment.broker_errors import answer_of, unavailable
from headrace.errors import Problem

_LIMIT_S = 4
"""Seconds that each request may take. There are three after one another."""

Partition = tuple[str, int]


@dataclass(frozen=True)
class TopicProgress:
    """How far a group is behind. `lag` counts offsets after its own, None if it never committed any. A partition in
    which it alone has none is new: it counts from its first offset.

    `in_transactions` counts offsets that nobody may read yet, because a transaction before them is open; `held` has the
    partitions, as `topic/number`, in which there are any. `waiting`: a record older than the time that the caller set
    is not read yet. `problem`: a topic or partition cannot be read.
    """

    lag: int | None = None
    in_transactions: int = 0
    waiting: bool = False
    problem: Problem | None = None
    held: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Ends:
    """The offsets of a partition: the first, where readers stop, where it ends, the first after the caller's time."""

    first: int
    readable: int
    end: int
    recent: int


def progress(
    client: Mapping[str, str], groups: Mapping[str, Sequence[str]], older_than_s: float
) -> dict[str, TopicProgress]:
    """Return the progress of each group in the topics that it reads, by the group's name.

    Raises PlatformError if the broker does not answer within some seconds.
    """
    admin = AdminClient(dict(client))
    try:
        known: dict[str, TopicMetadata] = admin.list_topics(timeout=_LIMIT_S).topics
        topics = {topic for names in groups.values() for topic in names}
        problems = {topic: problem for topic in topics if (problem := _problem(known.get(topic), topic))}
        led = [(topic, number) for topic in sorted(topics & known.keys()) for number in _led(known[topic])]
        ends, faults = _ends(admin, led, older_than_s)
        positions = _positions(admin, groups)
    except KafkaException as error:
        raise unavailable(client, error) from None
    return {
        group: _of(client, [(faults | problems).get(topic) for topic in names], _own(ends, names), positions[group])
        for group, names in groups.items()
    }


def _of(
    client: Mapping[str, str],
    problems: Sequence[Problem | None],
    ends: Mapping[Partition, _Ends],
    positions: Mapping[Partition, int],
) -> TopicProgress:
    known = {at: positions.get(at, end.first) for at, end in ends.items()} if positions else {}
    overdue = {at: position for at, position in known.items() if position < min(ends[at].recent, ends[at].readable)}
    return TopicProgress(
        lag=sum(max(0, ends[at].readable - position) for at, position in known.items()) if known else None,
        in_transactions=sum(max(0, end.end - end.readable) for end in ends.values()),
        held=tuple(f"{topic}/{number}" for (topic, number), end in sorted(ends.items()) if end.end > end.readable),
        waiting=bool(overdue) and _any_record(client, overdue, ends),
        problem=next((problem for problem in problems if problem), None),
    )


def _problem(topic: TopicMetadata | None, name: str) -> Problem | None:
    if topic is None:
        fix = "create it, then see what continuing costs: headrace restart JOB --from nothing"
        return Problem(f"the broker has no topic {name}", fix=fix)
    leaderless = [number for number, each in sorted(topic.partitions.items()) if each.leader < 0]
    if not leaderless:
        return None
    return Problem(
        f"topic {name}: {kafka.no_leader(leaderless)}", fix=f"{kafka.HOLDERS}; the job then continues by itself"
    )


def _led(topic: TopicMetadata) -> list[int]:
    return [number for number, each in topic.partitions.items() if each.leader >= 0]


def _own(ends: Mapping[Partition, _Ends], topics: Sequence[str]) -> dict[Partition, _Ends]:
    return {at: end for at, end in ends.items() if at[0] in topics}


def _ends(
    admin: AdminClient, partitions: Sequence[Partition], older_than_s: float
) -> tuple[dict[Partition, _Ends], dict[str, Problem]]:
    """Return the ends of the partitions, and a problem for each topic with one whose ends the broker refuses."""
    if not partitions:
        return {}, {}
    since_ms = int((time.time() - older_than_s) * 1000)
    earliest, latest, recent = OffsetSpec.earliest(), OffsetSpec.latest(), OffsetSpec.for_timestamp(since_ms)
    # The end is requested first: in the other order, a record that arrives in between would appear to be hidden.
    levels = IsolationLevel.READ_UNCOMMITTED, IsolationLevel.READ_COMMITTED
    # All requests are on their way before the first answer is waited for.
    end, readable = (_listed(admin, partitions, latest, level) for level in levels)
    first, first_recent = (_listed(admin, partitions, spec, levels[0]) for spec in (earliest, recent))
    found, faults = {}, {}
    for at in partitions:
        try:
            answers = (first, readable, end, first_recent)
            begin, stop, last, young = (answer_of(answer[at], _LIMIT_S).offset for answer in answers)
        except KafkaException as error:
            if _is_silence(error):
                raise
            faults[at[0]] = Problem(
                f"the broker does not report where partition {at[1]} of {at[0]} ends: {error.args[0].str()}",
                fix="the partition needs a leader, and the job's user the right to READ the topic",
            )
        else:
            # -1: no record is as young as that.
            found[at] = _Ends(begin, stop, last, young if young >= 0 else last)
    return found, faults


def _listed(
    admin: AdminClient, partitions: Sequence[Partition], spec: OffsetSpec, level: IsolationLevel
) -> dict[Partition, Future[Any]]:
    request = {TopicPartition(*at): spec for at in partitions}
    futures = admin.list_offsets(request, isolation_level=level, request_timeout=_LIMIT_S)
    return {(at.topic, at.partition): future for at, future in futures.items()}


def _positions(admin: AdminClient, groups: Mapping[str, Sequence[str]]) -> dict[str, dict[Partition, int]]:
    """Return the offsets that each group has committed; none for one that it may not be asked for."""
    asked = {
        group: admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)], request_timeout=_LIMIT_S)[group]
        for group in groups
    }
    return {group: _committed(future) for group, future in asked.items()}


def _committed(answer: Future[Any]) -> dict[Partition, int]:
    try:
        found = answer_of(answer, _LIMIT_S).topic_partitions
    except KafkaException as error:
        if _is_silence(error):
            raise
        return {}  # such as a group that the user may not read, or that the broker has not loaded yet
    return {(each.topic, each.partition): each.offset for each in found if each.offset >= 0 and not each.error}


def _is_silence(error: KafkaException) -> bool:
    """Whether the error is the client's own, which has no answer, and not the broker's answer."""
    return bool(error.args[0].code() < 0)


def _any_record(client: Mapping[str, str], at: Mapping[Partition, int], ends: Mapping[Partition, _Ends]) -> bool:
    """Whether a record lies at one of the offsets or after it, and before the recent ones.

    A transaction's marker and a compacted record have an offset too, and no reader ever gets them.
    """
    options = {
        **client,
        "group.id": "headrace.lag",
        "enable.auto.commit": False,
        "enable.partition.eof": True,
        "isolation.level": "read_committed",
        "auto.offset.reset": "earliest",
    }
    open_ones, until = set(at), time.monotonic() + _LIMIT_S
    with closing(Consumer(options)) as consumer:
        consumer.assign([TopicPartition(*partition, offset) for partition, offset in at.items()])
        while open_ones and (left := until - time.monotonic()) > 0:
            message = consumer.poll(left)
            if message is None:
                return False
            place = (str(message.topic()), int(message.partition() or 0))
            if message.error():
                open_ones.discard(place)
            elif int(message.offset() or 0) < ends[place].recent:
                return True
            else:
                open_ones.discard(place)
    return False
