"""What an environment's Kafka says of its topics: names, ids, partitions, and which of these have a leader."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient, TopicMetadata

from headrace.environment.broker_errors import answer_of, unavailable
from headrace.environment.waiting import waiting_for
from headrace.errors import UserError, nearest

LIMIT_S = 10
PATIENCE_S = 60
_LISTED = 5
"""Topics that are listed if one does not exist, those with similar names if there are any."""


def topic_names(client: Mapping[str, str]) -> list[str]:
    """Return the names of all topics but Kafka's own, sorted. Raises PlatformError if the broker does not answer."""
    return _own(_known(client))


def partition_counts(client: Mapping[str, str]) -> dict[str, int]:
    """Return the number of partitions of each of the broker's topics, by name. Raises PlatformError."""
    return {name: len(topic.partitions) for name, topic in _known(client).items()}


def identity(client: Mapping[str, str], topic: str) -> str:
    """Return the topic's name and its id in Kafka, in one text. Raises as `topic_id` does."""
    return f"{topic} {topic_id(client, topic)}"


def topic_id(client: Mapping[str, str], topic: str) -> str:
    """Return the topic's id in Kafka. A topic that is created again under the same name has another id.

    Raises PlatformError if the broker does not answer, UserError if the topic does not exist.
    """
    partitions(client, topic)
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


def partitions(client: Mapping[str, str], topic: str) -> list[int]:
    """Return the numbers of the topic's partitions. Raises as `topic_id` does."""
    known = _known(client)
    if topic not in known:
        raise UserError(
            f"the broker has no topic '{topic}'",
            client.get("bootstrap.servers"),
            f"create it (headrace topics create), or correct the contract; it has: {listed(_own(known), topic)}",
        )
    return sorted(known[topic].partitions)


def leaderless(client: Mapping[str, str], topic: str) -> tuple[int, ...]:
    """Return the partitions of the topic that no broker leads; none of a topic that is not there."""
    known = _known(client).get(topic)
    return tuple(sorted(each.id for each in known.partitions.values() if each.leader < 0)) if known else ()


def listed(names: list[str], near: str | None = None) -> str:
    """Return some of the names as text, those that are similar to `near` if there are any."""
    has = ", ".join((near and nearest(near, names, _LISTED)) or names[:_LISTED]) or "none"
    return has + (f", and {len(names) - _LISTED:,} more" if len(names) > _LISTED else "")


def waiting_for_kafka(
    client: Mapping[str, str], what: str, limit_s: float = PATIENCE_S
) -> AbstractContextManager[None]:
    """Return a context that says after a while what of Kafka is waited for, and for how long at most."""
    return waiting_for(f"Kafka ({client['bootstrap.servers']}): {what}", limit_s)


def _own(names: Iterable[str]) -> list[str]:
    return sorted(name for name in names if not name.startswith("__"))


def _known(client: Mapping[str, str]) -> dict[str, TopicMetadata]:
    try:
        with waiting_for_kafka(client, "its topics", LIMIT_S):
            topics: dict[str, TopicMetadata] = AdminClient(dict(client)).list_topics(timeout=LIMIT_S).topics
    except KafkaException as error:
        raise unavailable(client, error) from None
    return topics
