"""Run each contender over the same topic, and count what it has stored."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator, Sequence

import msgspec
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

from bench.meter import Meter
from bench.score_cost import jobs, plant
from bench.stand import SLOTS, stand
from headrace import local
from headrace.environment import iceberg, settings
from headrace.operations import submission
from headrace.project.paths import Project
from headrace_udfs.scoring.model import Model

SCORES = "condition.scores"
PARTITIONS = 4

CONTENDERS = tuple(jobs.JOBS)


class Run(msgspec.Struct, frozen=True):
    """One run: CPU seconds of the cluster and its Python workers, and the rows of condition.scores."""

    contender: str
    round: int
    readings: int
    rows: int
    cpu_s: float
    whole_s: float


def run(project: Project, model: Model, sizes: Sequence[int], rounds: int, say: Callable[[str], None]) -> Iterator[Run]:
    """Run each contender on each number of instants, in every round; round 0 is on the smallest only, to warm up."""
    for size in sizes:
        say(f"producing {size * len(model.tags):,} readings")
        _fill(project, model, size)
    for number in range(rounds + 1):
        for name in CONTENDERS if number % 2 else reversed(CONTENDERS):
            for size in sizes if number else sizes[:1]:
                one = _one(project, model, name, size, number)
                say(f"round {one.round}: {name} {one.readings:,} in {one.whole_s:.1f} s, {one.cpu_s:.1f} CPU-s")
                yield one


def _one(platform: Project, model: Model, name: str, size: int, number: int) -> Run:
    readings = size * len(model.tags)
    with stand(platform, platform.home / f"{name}-{number}-{size}", _topic(size), readings) as place:
        jobs.equip(place, platform, model, name)
        meter = Meter()
        for service in local.status(platform):
            if service.pid and service.name in {"jobmanager", "taskmanager"}:
                meter.watch(service.pid)
        began = time.monotonic()
        with meter:
            prepared = submission.prepare(place.project, place.settings, jobs.JOB, bounded=True, parallelism=SLOTS)
            place.finish(submission.launch(prepared, uuid.uuid4().hex).id)
        whole = time.monotonic() - began
        rows = iceberg.row_count(iceberg.load_table(iceberg.connect(place.settings), SCORES))
    if rows != (readings if name == "score" else 0):
        raise RuntimeError(f"{name} has stored {rows:,} rows of {readings:,} readings")
    return Run(name, number, readings, rows, meter.cpu_s, whole)


def _topic(size: int) -> str:
    return f"scores.{size}"


def _fill(project: Project, model: Model, size: int) -> None:
    client = settings.load(project, "local").kafka_client()
    new = NewTopic(_topic(size), num_partitions=PARTITIONS, replication_factor=1)
    admin = AdminClient(dict(client))
    admin.create_topics([new])[_topic(size)].result(timeout=30)
    producer = Producer({**client, "linger.ms": 20, "acks": "all", "queue.buffering.max.messages": 1_000_000})
    names = [tag.name.encode() for tag in model.tags]
    for at, values in plant.instants(size, len(model.tags) // plant.TAGS_OF_A_LINE):
        for place, (name, value) in enumerate(zip(names, values.tolist(), strict=True)):
            payload = b'{"tag":"%s","ts":%d,"value":%a,"q":192}' % (name, at // 1000, value)
            producer.produce(_topic(size), payload, partition=place % PARTITIONS)
        while len(producer) > 500_000:
            producer.poll(0.1)
    if left := producer.flush(60):
        raise TimeoutError(f"{left} messages did not reach the broker within 60 s")
