"""What Sparkplug nodes publish over MQTT is in Kafka byte for byte, under the MQTT topic as key."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import paho.mqtt.client as mqtt
import pysparkplug as spb
import pytest

from headrace.environment import kafka_sample, kafka_topics
from headrace.environment.kafka_sample import Record
from headrace.environment.kafka_topics import TopicLayout
from headrace.environment.settings import Settings
from headrace.errors import UserError
from support import ROOT
from support.services.mqtt import mqtt_broker
from support.services.processes import HOST, serving
from support.sparkplug.bridge import node_of
from support.sparkplug.nodes import EdgeNode
from support.worlds.live_plant import Plant, until

PARTITIONS = 3
LIMIT_S = 30


@contextmanager
def bridge(log: Path, port: int, settings: Settings, topic: str) -> Iterator[subprocess.Popen[bytes]]:
    servers = settings.kafka_client()["bootstrap.servers"]
    command = [sys.executable, "-m", "support.sparkplug.bridge", "--mqtt", f"{HOST}:{port}", "--kafka", servers]
    environment = {"PYTHONPATH": str(ROOT / "tests")}
    with serving([*command, "--topic", topic], log, lambda: b"bridging" in log.read_bytes(), environment) as running:
        yield running


@contextmanager
def heard(port: int) -> Iterator[list[tuple[str, bytes]]]:
    """Yield the topics and bodies that a subscriber of everything gets, as they come."""
    messages: list[tuple[str, bytes]] = []
    client = mqtt.Client(client_id="listener")
    client.on_message = lambda _client, _state, message: messages.append((message.topic, bytes(message.payload)))
    client.connect(HOST, port)
    client.subscribe("#", qos=1)
    client.loop_start()
    try:
        yield messages
    finally:
        client.loop_stop()
        client.disconnect()


def test_messages_arrive_byte_for_byte_although_the_bridge_is_killed(own_plant: Plant, tmp_path: Path) -> None:
    client, topic = own_plant.settings.kafka_client(), f"{own_plant.topic}.sparkplug"
    kafka_topics.create(client, topic, TopicLayout(PARTITIONS))
    with mqtt_broker(tmp_path / "broker") as port, heard(port) as published:
        nodes = [EdgeNode(f"Edge{number}", port, 1_764_000_000_000, seed=number) for number in range(4)]

        def stored() -> list[Record]:
            return kafka_sample.sample(client, topic, 10_000)

        def publish(rounds: int) -> None:
            before = len(published)
            for node in nodes:
                node.drive(rounds)
            until(lambda: len(published) >= before + rounds * len(nodes), LIMIT_S, lambda: "the data at the broker")

        with bridge(tmp_path / "first.log", port, own_plant.settings, topic) as first:
            for node in nodes:
                node.connect()
            until(lambda: len(published) == 2 * len(nodes), LIMIT_S, lambda: "the births at the broker")
            publish(5)
            until(lambda: len(stored()) >= len(published), LIMIT_S, lambda: "all messages in Kafka")
            first.kill()
        publish(5)  # the bridge is gone: the broker keeps them for it
        with bridge(tmp_path / "second.log", port, own_plant.settings, topic):
            for node in nodes:
                node.disconnect()
            until(lambda: len(published) == 13 * len(nodes), LIMIT_S, lambda: "the deaths at the broker")
            sent = {*published}
            until(
                lambda: {(each.key or b"").decode() for each in stored()} == {name for name, _ in sent},
                LIMIT_S,
                lambda: "every key",
            )
            until(
                lambda: len({(each.key, each.value) for each in stored()}) == len(sent),
                LIMIT_S,
                lambda: "every message in Kafka",
            )
        records = stored()
    assert {((each.key or b"").decode(), each.value) for each in records} == sent
    places = {(node_of((each.key or b"").decode()), each.partition) for each in records}
    assert Counter(node for node, _ in places) == {f"Plant1/Edge{number}": 1 for number in range(4)}
    own = [each for each in records if each.key and each.key.endswith(b"Edge1/Press")]
    births = [spb.DBirth.decode(each.value or b"") for each in own if b"DBIRTH" in (each.key or b"")]
    assert [metric.value for metric in births[0].metrics] == [each.value for each in nodes[1].published[:5]]


def test_a_sample_is_the_last_messages_or_those_from_a_time_on(own_plant: Plant) -> None:
    client, topic = own_plant.settings.kafka_client(), own_plant.topic
    assert kafka_sample.sample(client, topic, 5, wait_s=0.2) == []
    own_plant.produce(f"m{number}".encode() for number in range(40))
    last = kafka_sample.sample(client, topic, 5)
    assert {each.value for each in last} <= {f"m{number}".encode() for number in range(30, 40)}
    assert len(last) == 5
    assert len(kafka_sample.sample(client, topic, 100)) == 40
    with pytest.raises(UserError, match="no topic"):
        kafka_sample.sample(client, f"{topic}.missing", 5)
