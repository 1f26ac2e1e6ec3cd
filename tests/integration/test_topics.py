"""Topics are created as described and never changed; messages of a file are sent all or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from confluent_kafka import Message

from headrace.environment import kafka_messages, kafka_metadata
from headrace.environment.apply import topic_changes
from headrace.environment.kafka_messages import Sent
from headrace.environment.kafka_topics import TopicLayout
from headrace.environment.settings import Settings
from headrace.errors import PlatformError, UserError
from headrace.project import message_file
from headrace.project.paths import Project
from support.worlds.live_plant import Plant, plant

SOURCE = """\
description: Orders of the plant
topic: {topic}
key: id
fields:
  id: {{type: string, required: true}}
time: {{path: ts, unit: epoch_ms}}
"""


@pytest.fixture(scope="module")
def world(platform: Project, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plant]:
    with plant(platform, tmp_path_factory.mktemp("plant")) as shared:
        yield shared


def source(world: Plant, name: str) -> str:
    """Add a contract to the project, and return its topic, which is not there yet."""
    topic = f"{world.topic}.{name}"
    (world.project.sql / "_sources" / f"{name}.yaml").write_text(SOURCE.format(topic=topic))
    return topic


def create(world: Plant, name: str, layout: TopicLayout | None = None) -> topic_changes.TopicPlan:
    (planned,) = topic_changes.plan(world.project, world.settings, [name], layout)
    topic_changes.create(world.settings, [planned])
    return planned


def send(settings: Settings, topic: str, file: Path, key: str | None = None) -> Sent:
    return kafka_messages.send(settings.kafka_client(), topic, message_file.read(file, key))


def committed(world: Plant, topic: str) -> list[Message]:
    """Return the topic's committed messages, partition by partition."""
    return sorted(world.committed(topic), key=lambda each: (each.partition(), each.offset()))


def test_a_missing_topic_is_created_as_described_and_one_that_differs_stays(world: Plant) -> None:
    topic = source(world, "orders")
    layout = TopicLayout(3, timedelta(days=7), compacted=True)
    (planned,) = topic_changes.plan(world.project, world.settings, ["orders"], layout)
    assert (planned.action, topic in kafka_metadata.topic_names(world.settings.kafka_client())) == ("create", False)
    assert create(world, "orders", layout).action == "create"
    assert create(world, "orders", layout).action == "unchanged"
    assert create(world, "orders").action == "unchanged"
    other = create(world, "orders", TopicLayout(4, timedelta(days=8), compacted=False))
    assert (other.action, len(other.differences)) == ("differs", 3)
    (found,) = topic_changes.plan(world.project, world.settings, ["orders"], layout)
    assert found.found
    assert (found.found.partitions, found.found.retention, found.found.compacted) == (3, "7d", True)


def test_messages_arrive_as_their_lines_say(world: Plant, tmp_path: Path) -> None:
    topic = source(world, "sent")
    create(world, "sent", TopicLayout(2))
    other = source(world, "other")
    create(world, "other")
    file = tmp_path / "sent.jsonl"
    file.write_text(
        '{"id":"o1",  "ts":1}\n'
        '{"$message": {"key": "o2", "value": {"id": "o2"}, "headers": {"site": "north"}, '
        '"time": "2024-01-01T00:00:00Z", "partition": 1}}\n'
        '{"$message": {"key": "o2", "value": null, "partition": 1}}\n'
        f'{{"$message": {{"key": "o3", "value": 3, "topic": "{other}"}}}}\n'
    )
    with pytest.raises(UserError, match="for a key"):
        send(world.settings, topic, file, "ts.none")
    sent = send(world.settings, topic, file, "id")
    assert (sent.messages, sent.offsets[other]) == (4, {0: (0, 0)})
    assert [each.value() for each in committed(world, other)] == [b"3"]
    found = {(each.key(), each.value()): each for each in committed(world, topic)}
    assert {*found} == {(b"o1", b'{"id":"o1",  "ts":1}'), (b"o2", b'{"id":"o2"}'), (b"o2", None)}
    described = found[b"o2", b'{"id":"o2"}']
    assert (described.partition(), described.headers()) == (1, [("site", b"north")])
    assert described.timestamp()[1] == int(datetime(2024, 1, 1, tzinfo=UTC).timestamp() * 1000)


def test_nothing_is_sent_if_the_broker_refuses_one_message_or_the_file_ends_in_a_fault(
    world: Plant, tmp_path: Path
) -> None:
    topic = source(world, "refused")
    with pytest.raises(UserError, match="headrace topics create"):
        send(world.settings, topic, tmp_path / "none.jsonl")
    create(world, "refused")
    file = tmp_path / "refused.jsonl"
    good = '{"id": "o1"}\n' * 1_000
    file.write_text(f'{good}{{"$message": {{"value": 1, "partition": 7}}}}\n')
    with pytest.raises(PlatformError, match="nothing was sent"):
        send(world.settings, topic, file)
    file.write_text(f'{good}{{"$message": {{}}}}\n')
    with pytest.raises(UserError, match="needs a 'value'"):
        send(world.settings, topic, file)
    assert committed(world, topic) == []
    file.write_text(good)
    assert send(world.settings, topic, file).messages == len(committed(world, topic)) == 1_000
