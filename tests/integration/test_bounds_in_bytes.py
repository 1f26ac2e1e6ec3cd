"""A few kilobytes that become gigabytes once they are decompressed do not stop a job."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import psutil
import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewPartitions

from headrace.environment import settings
from headrace.environment.catalog_types import SqliteCatalog
from headrace.local import processes
from headrace.project.paths import Project
from headrace.upkeep import reconcile
from support.services.flink import session_cluster
from support.worlds.live_plant import Plant, plant, reading

MEGABYTE = 1_000_008
LIMIT = 2**20
MESSAGES = 300
GIANT = 300 * 2**20

SMALLEST = 2 * 2**30
"""Bytes of the smallest TaskManager that docs/operations.md states, with SLOTS slots."""
SLOTS, PARTITIONS = 4, 8
WORKER = 512 * 2**20
"""Bytes that a Python worker may take, as docs/operations.md states."""


def padded(n: int, length: int) -> bytes:
    """The nth good message, with a field that the contract does not read, of `length` bytes."""
    message = reading(n)[:-1] + b',"note":"'
    return message + b"x" * (length - len(message) - 2) + b'"}'


def bomb(plant: Plant, partition: int, payloads: Iterable[bytes]) -> None:
    """Send the payloads as one batch, compressed with zstd: the broker looks at its compressed size."""
    producer = Producer(
        {
            **plant.settings.kafka_client(),
            "compression.type": "zstd",
            "message.max.bytes": 10**9,
            "batch.size": 2**31 - 1,
            "linger.ms": 60_000,
            "queue.buffering.max.kbytes": 2**20,
        }
    )
    for payload in payloads:
        producer.produce(plant.topic, payload, partition=partition)
    assert producer.flush(60) == 0


def test_a_job_reads_on_after_batches_that_become_hundreds_of_megabytes(own_plant: Plant) -> None:
    good = own_plant.produce(map(reading, range(1_000)))
    bomb(own_plant, 0, (padded(n, MEGABYTE) for n in range(MESSAGES)))
    bomb(own_plant, 1, [b" " * GIANT, padded(1, LIMIT), padded(2, LIMIT + 1), b'{"tag":' + b" " * LIMIT])
    good += MESSAGES + 1 + own_plant.produce(map(reading, range(1_000, 2_000)))
    own_plant.finish(own_plant.submit(bounded=True, parallelism=1))
    letters = own_plant.query(
        "select code, message, src_partition, src_offset - (select min(src_offset) from historian.dead_letters),"
        " octet_length(payload) from historian.dead_letters order by src_offset"
    )
    too_large = ("payload_too_large", "more than 1,048,576 bytes; what follows byte 1,048,577 is not kept", 1)
    assert letters == [(*too_large, n, LIMIT + 1) for n in (0, 2, 3)]
    balances = own_plant.follow()
    reconcile.verdict(balances)
    assert sum(balance.good for balance in balances) == good


@pytest.mark.proof
def test_the_smallest_taskmanager_reads_bombs_of_every_partition_within_its_memory(
    platform: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster = tmp_path / "cluster"
    with session_cluster(
        platform.root / ".headrace", cluster, {"taskmanager.memory.process.size": f"{SMALLEST}b"}, {}
    ) as there:
        tables = SqliteCatalog(
            type="sqlite", name="headrace", path=str(tmp_path / "catalog.db"), warehouse=(tmp_path / "lake").as_uri()
        )
        flink = there.model_copy(update={"checkpoint_interval_s": 5})
        environment = settings.load(platform, "local").model_copy(update={"catalog": tables, "flink": flink})
        with plant(platform, tmp_path / "plant", environment) as own:
            admin = AdminClient(own.settings.kafka_client())
            admin.create_partitions([NewPartitions(own.topic, PARTITIONS)])[own.topic].result(timeout=30)
            for partition in range(PARTITIONS):
                bomb(own, partition, (padded(n, MEGABYTE) for n in range(500)))
                bomb(own, partition, [b" " * GIANT, padded(1, LIMIT)])
                at_the_limit(own, partition)
            good = PARTITIONS * (500 + 1 + 50)
            with peaks(cluster) as peak:
                job = own.submit(bounded=True, parallelism=SLOTS)
                own.finish(job, 540)
            assert own.cluster.failure(job.id) is None
            balances = own.follow()
            reconcile.verdict(balances)
            assert sum(balance.good for balance in balances) == good
            assert own.query("select code, count(*) from historian.dead_letters group by code") == [
                ("payload_too_large", PARTITIONS)
            ]
    with capsys.disabled():
        print("\npeaks in MiB:", {name: size // 2**20 for name, size in peak.items()})  # noqa: T201 - the figures
    assert peak["TaskManager"] < SMALLEST
    assert peak["worker"] < WORKER


def at_the_limit(plant: Plant, partition: int) -> None:
    """Send 50 messages of the largest valid size that compression makes no smaller."""
    producer = Producer({**plant.settings.kafka_client(), "message.max.bytes": 16 * 2**20})
    for n in range(50):
        start = padded(n, 128)[:-2]
        noise = os.urandom(LIMIT // 2).hex().encode()[: LIMIT - len(start) - 2]
        producer.produce(plant.topic, start + noise + b'"}', partition=partition)
    assert producer.flush(60) == 0


@contextmanager
def peaks(cluster: Path) -> Iterator[dict[str, int]]:
    """Yield the largest resident sizes of the TaskManager and of one Python worker, in bytes, while the block runs."""
    peak = {"TaskManager": 0, "worker": 0}
    ended = Event()

    def watch() -> None:
        while not ended.wait(0.2):
            for process in processes.find(cluster):
                try:
                    command = " ".join(process.cmdline())
                    size = process.memory_info().rss
                except psutil.Error:
                    continue
                if "TaskManagerRunner" in command:
                    peak["TaskManager"] = max(peak["TaskManager"], size)
                elif "pyflink" in command:
                    peak["worker"] = max(peak["worker"], size)

    thread = Thread(target=watch)
    thread.start()
    try:
        yield peak
    finally:
        ended.set()
        thread.join()
