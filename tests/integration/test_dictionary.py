"""What Sparkplug nodes wrote under aliases is stored under the names of their births, whatever happens to the job."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pysparkplug as spb
import pytest
from confluent_kafka import Producer
from pysparkplug import DataType, Metric

from headrace.upkeep import reconcile
from support.sparkplug.demo import kill_task_manager, show, store_sparkplug
from support.worlds.live_plant import START_MS, Plant

KINDS = (DataType.INT8, DataType.INT32, DataType.DOUBLE, DataType.BOOLEAN)


class Nodes:
    """Edge nodes whose data has aliases alone, without types; each birth gives the aliases to other metrics.

    written: the readings that are to be stored: tag, time and value, None for a tag that ended.
    """

    def __init__(self, plant: Plant, count: int = 6) -> None:
        self.written: Counter[tuple[str, int, float | None]] = Counter()
        self._plant, self._chance = plant, random.Random(5)  # noqa: S311 - values of a test
        self._producer = Producer(plant.settings.kafka_client())
        self._names: dict[int, list[tuple[str, DataType]]] = {node: [] for node in range(count)}
        self._now = START_MS
        self._sessions = dict.fromkeys(self._names, -1)
        self._sequence = dict.fromkeys(self._names, 0)
        self._alive: dict[int, set[str]] = {node: set() for node in self._names}

    def births(self) -> None:
        """Each node is born again; some have died before."""
        for node in self._names:
            if self._alive[node] and self._chance.random() < 0.5:
                self._death(node)
            made = [(f"{kind.name}/{self._now}", kind) for kind in KINDS]
            self._chance.shuffle(made)
            self._names[node], self._sequence[node] = made, 255
            self._sessions[node] += 1
            self._send(node, spb.NBirth, with_names=True)

    def data(self, rounds: int) -> None:
        for _ in range(rounds):
            for node in self._names:
                self._send(node, spb.NData, with_names=False)
        assert self._producer.flush(30) == 0

    def _death(self, node: int) -> None:
        record_ms = self._produce(node, "NDEATH", spb.NDeath(self._now, self._session(node)).encode())
        self._end(node, self._alive[node], record_ms)
        self._alive[node] = set()

    def _end(self, node: int, tags: set[str], ts: int) -> None:
        self.written.update((f"Plant1/Edge{node}/{tag}", ts, None) for tag in tags)

    def _session(self, node: int) -> Metric:
        return Metric(timestamp=self._now, name="bdSeq", datatype=DataType.INT64, value=self._sessions[node])

    def _send(self, node: int, kind: Callable[..., Any], *, with_names: bool) -> None:
        self._now += 1000
        metrics = []
        for alias, (name, type_) in enumerate(self._names[node], 1):
            value = self._value(type_)
            self.written[f"Plant1/Edge{node}/{name}", self._now, float(value)] += 1
            given = name if with_names else None
            metrics.append(Metric(timestamp=self._now, name=given, datatype=type_, value=value, alias=alias))
        if with_names:
            metrics.append(self._session(node))
            self.written[f"Plant1/Edge{node}/bdSeq", self._now, float(self._sessions[node])] += 1
            born = {"bdSeq", *(name for name, _ in self._names[node])}
            self._end(node, self._alive[node] - born, self._now)
            self._alive[node] = born
        self._sequence[node] = (self._sequence[node] + 1) % 256
        payload = kind(self._now, self._sequence[node], tuple(metrics)).encode(include_dtypes=with_names)
        self._produce(node, "NBIRTH" if with_names else "NDATA", payload)

    def _produce(self, node: int, kind: str, payload: bytes) -> int:
        """Return the time of the record, in milliseconds since 1970."""
        record_ms, key = int(time.time() * 1000), f"spBv1.0/Plant1/{kind}/Edge{node}"
        to = node % self._plant.partitions
        self._producer.produce(self._plant.topic, payload, key, partition=to, timestamp=record_ms)
        return record_ms

    def _value(self, kind: DataType) -> Any:
        match kind:
            case DataType.INT8:
                return self._chance.randint(-128, 127)
            case DataType.INT32:
                return self._chance.randint(-(2**31), 2**31 - 1)
            case DataType.BOOLEAN:
                return self._chance.random() < 0.5
        return round(self._chance.uniform(-50, 50), 3)


@pytest.fixture
def sparkplug(own_plant: Plant) -> Plant:
    """The plant, whose topic has Sparkplug, and whose readings are stored as they come."""
    store_sparkplug(own_plant)
    return own_plant


def check(plant: Plant, nodes: Nodes) -> None:
    reconcile.verdict(plant.follow())
    stored = plant.query("select tag, epoch_ms(ts), value from historian.readings")
    assert Counter(stored) == nodes.written
    assert plant.query("select count(*) from historian.dead_letters") == [(0,)]


def test_names_outlive_a_savepoint_and_another_parallelism(sparkplug: Plant) -> None:
    nodes = Nodes(sparkplug)
    nodes.births()
    nodes.data(20)
    job = sparkplug.submit(parallelism=2)
    check(sparkplug, nodes)
    tasks = sparkplug.cluster.get(f"/jobs/{job.id}/plan")["plan"]["nodes"]
    # Readings and dead letters come from one state: with two, a row could be in both, or in none. There is one for
    # names, one for sequence numbers, and one each for births and for what is alive, in one task.
    assert sum(each["description"].count("OverAggregate(") for each in tasks) == 4
    savepoint = sparkplug.cluster.stop(job.id)
    nodes.data(20)
    sparkplug.submit(parallelism=1, restore=savepoint)
    nodes.births()
    nodes.data(20)
    check(sparkplug, nodes)


@pytest.mark.proof
def test_names_outlive_killed_task_managers_and_each_change_of_parallelism(sparkplug: Plant) -> None:
    nodes = Nodes(sparkplug, 20)
    nodes.births()
    job = sparkplug.submit(parallelism=1)
    for parallelism in (2, 1, 2):
        nodes.data(50)
        kill_task_manager(sparkplug)
        nodes.data(50)
        check(sparkplug, nodes)
        savepoint = sparkplug.cluster.stop(job.id)
        nodes.data(50)
        job = sparkplug.submit(parallelism=parallelism, restore=savepoint)
        nodes.births()
    kill_task_manager(sparkplug)
    nodes.data(10)
    check(sparkplug, nodes)


@pytest.mark.proof
def test_what_nodes_publish_over_mqtt_is_stored_through_a_kill_an_upgrade_and_a_rollback(
    own_plant: Plant, tmp_path: Path
) -> None:
    assert show(own_plant, tmp_path)
