"""Edge nodes of Eclipse Sparkplug B, made with pysparkplug, and a note of every value that they publish."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import pysparkplug as spb
from pysparkplug import DataType, Metric

GROUP = "Plant1"


@dataclass(frozen=True)
class Published:
    """A value as a node published it. ts: milliseconds since 1970."""

    tag: str
    ts: int
    value: float | bool | str | None


@dataclass
class EdgeNode:
    """A node with one device; `connect` publishes their births, `drive` data, `disconnect` the node's death.

    with_aliases: whether metrics have aliases, numbered from 1 in the order of METRICS; data then has neither names nor
    types, which pysparkplug alone would send. start: the time of the first
    value, in milliseconds since 1970; each round of data is a second later.
    """

    name: str
    port: int
    start: int
    with_aliases: bool = False
    published: list[Published] = field(default_factory=list)
    seed: int = 7

    METRICS = (
        ("Force", DataType.DOUBLE),
        ("Stroke", DataType.INT32),
        ("Offset", DataType.INT8),
        ("Running", DataType.BOOLEAN),
        ("Mode", DataType.STRING),
    )

    def __post_init__(self) -> None:
        """Make the node and its device."""
        self._random, self._now = random.Random(self.seed), self.start  # noqa: S311 - values of a test
        self._node = spb.EdgeNode(GROUP, self.name, [])
        self._device = spb.Device("Press", self._metrics())
        self._node.register(self._device)

    def connect(self) -> None:
        """Connect to the broker: the births of node and device follow."""
        self._node.connect("127.0.0.1", port=self.port)

    def drive(self, rounds: int) -> None:
        """Publish this many messages with a new value of each metric."""
        for _ in range(rounds):
            if self.with_aliases:
                self._publish_aliases(self._metrics())
            else:
                self._node.update_device("Press", self._metrics())

    def _publish_aliases(self, metrics: list[Metric]) -> None:
        topic = spb.Topic(message_type=spb.MessageType.DDATA, group_id=GROUP, edge_node_id=self.name, device_id="Press")
        data = spb.DData(self._now, seq=self._node._seq, metrics=tuple(replace(each, name=None) for each in metrics))
        message = spb.Message(topic=topic, payload=data, qos=spb.QoS.AT_MOST_ONCE, retain=False)
        self._node._client.publish(message, include_dtypes=False)

    def disconnect(self) -> None:
        """Publish the node's death, and disconnect."""
        self._node.disconnect()

    def drop(self) -> None:
        """Lose the connection: the broker then publishes the death that the node gave it when it connected.

        The death that pysparkplug publishes itself has the bdSeq of the next connection.
        """
        client = self._node._client._client
        client.loop_stop()
        if sock := client.socket():
            sock.close()

    def _metrics(self) -> list[Metric]:
        self._now += 1000
        return list(self._noted(self._now))

    def _noted(self, ts: int) -> Iterable[Metric]:
        for number, (name, kind) in enumerate(self.METRICS, 1):
            value = self._value(kind)
            self.published.append(Published(f"{GROUP}/{self.name}/Press/{name}", ts, value))
            alias = number if self.with_aliases else None
            yield Metric(timestamp=ts, name=name, datatype=kind, value=value, alias=alias)

    def _value(self, kind: DataType) -> float | bool | str:
        match kind:
            case DataType.DOUBLE:
                return round(self._random.uniform(-50, 50), 3)
            case DataType.INT32:
                return self._random.randint(-(2**31), 2**31 - 1)
            case DataType.INT8:
                return self._random.randint(-128, 127)
            case DataType.BOOLEAN:
                return self._random.random() < 0.5
        return self._random.choice(["hand", "auto", "Störung"])
