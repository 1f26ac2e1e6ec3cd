"""A bridge from MQTT to Kafka: the body byte for byte, the MQTT topic as key.

python -m support.sparkplug.bridge --mqtt 127.0.0.1:1883 --kafka 127.0.0.1:9092 --topic plant.sparkplug

A message is acknowledged to MQTT once Kafka has it, so that none is lost; after a failure one may come twice. All
messages of one edge node go to one partition, in their order: births name what the data of the same node refer to.
"""

from __future__ import annotations

import argparse
import signal
import sys
import zlib
from types import FrameType

import paho.mqtt.client as mqtt
from confluent_kafka import KafkaError, Message, Producer

DELIVERY_S = 30


def node_of(topic: str) -> str:
    """Return the edge node of a Sparkplug topic, `group/node`; the topic itself if it is none."""
    levels = topic.split("/")
    return f"{levels[1]}/{levels[3]}" if levels[0] == "spBv1.0" and len(levels) > 3 else topic


class Bridge:
    """Reads an MQTT broker, writes a Kafka topic."""

    def __init__(self, mqtt_address: str, kafka: str, topic: str, subscription: str = "spBv1.0/#") -> None:
        """Connect to both. Raises OSError if the MQTT broker does not answer."""
        self._topic, self._subscription = topic, subscription
        self._producer = Producer({"bootstrap.servers": kafka, "enable.idempotence": True, "linger.ms": 0})
        metadata = self._producer.list_topics(topic, timeout=DELIVERY_S)
        self._partitions = max(1, len(metadata.topics[topic].partitions))
        self.failed: str | None = None
        self._client = mqtt.Client(client_id=f"bridge.{topic}", clean_session=False)
        self._client.on_connect = self._connected
        self._client.on_message = self._take
        host, port = mqtt_address.rsplit(":", 1)
        self._client.connect(host, int(port))

    def run(self) -> None:
        """Bridge until `stop` is called. Raises RuntimeError if Kafka does not take a message."""
        while self.failed is None and self._client.loop(timeout=0.2) == mqtt.MQTT_ERR_SUCCESS:
            pass
        if self.failed:
            raise RuntimeError(self.failed)

    def stop(self, _signal: int = 0, _frame: FrameType | None = None) -> None:
        """End `run`."""
        self._client.disconnect()

    def _connected(self, client: mqtt.Client, *_state: object) -> None:
        client.subscribe(self._subscription, qos=1)
        sys.stdout.write(f"bridging {self._subscription} to {self._topic}\n")
        sys.stdout.flush()

    def _take(self, _client: mqtt.Client, _state: object, message: mqtt.MQTTMessage) -> None:
        """Put a message into Kafka; MQTT gets its acknowledgement when this returns."""
        partition = zlib.crc32(node_of(message.topic).encode()) % self._partitions
        self._producer.produce(
            self._topic, message.payload, message.topic, partition=partition, on_delivery=self._delivered
        )
        if self._producer.flush(DELIVERY_S):
            self.failed = f"Kafka has not taken a message for {DELIVERY_S} s"

    def _delivered(self, error: KafkaError | None, _message: Message) -> None:
        if error:
            self.failed = error.str()


def main() -> None:
    """Bridge until SIGTERM."""
    parser = argparse.ArgumentParser(description="Bridge MQTT to Kafka.")
    for name in ("mqtt", "kafka", "topic"):
        parser.add_argument(f"--{name}", required=True)
    given = parser.parse_args()
    bridge = Bridge(given.mqtt, given.kafka, given.topic)
    signal.signal(signal.SIGTERM, bridge.stop)
    bridge.run()


if __name__ == "__main__":
    main()
