"""A separate plant for a test: its topic, tables and jobs, on the platform that all tests share."""

from __future__ import annotations

import json
import shutil
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Any

from confluent_kafka import Consumer, KafkaException, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from headrace.environment import kafka, settings, warehouse
from headrace.environment.apply import table_changes, topic_changes
from headrace.environment.flink_rest import Cluster
from headrace.environment.settings import Settings
from headrace.errors import PlatformError
from headrace.operations import preflight, submission
from headrace.operations.submission import Submitted
from headrace.project import job_folder, topic_files
from headrace.project.paths import Project
from headrace.upkeep import reconcile
from headrace.upkeep.reconcile import Balance

JOB = "historian/readings_v1"
METASPACE_A_JOB = 5 * 2**20
"""Bytes that a job may leave in a TaskManager's metaspace."""
START_MS = 1_700_000_000_000
RESERVE = 3
"""How much slower than a calm machine a loaded one may be."""
OPEN_LIMIT_MS = 600_000
"""How long a transaction may stay open before the broker ends it: longer than a test."""


@dataclass(frozen=True)
class Sent:
    """A message of a topic: its key, parsed from JSON, its value, and its headers."""

    key: Any
    value: bytes | None
    headers: dict[str, bytes]


@dataclass(frozen=True)
class Plant:
    """The project's sql/ with separate topics, a separate catalog and a separate warehouse."""

    project: Project
    settings: Settings
    topic: str

    @cached_property
    def cluster(self) -> Cluster:
        return Cluster.of(self.settings)

    def produce(self, payloads: Iterable[bytes | None]) -> int:
        """Send the payloads to the partitions in turn; return their number once the broker has them all."""
        producer = Producer({**self.settings.kafka_client(), "message.max.bytes": 16 * 2**20, "linger.ms": 20})
        sent = 0
        for sent, payload in enumerate(payloads, 1):
            while True:
                try:
                    producer.produce(self.topic, payload, partition=sent % self.partitions)
                    break
                except BufferError:
                    producer.poll(1)
        assert producer.flush(60) == 0
        return sent

    @property
    def variables(self) -> dict[str, str]:
        """The variables that make `headrace` work in the plant, whose environment is local except for its catalog."""
        catalog = self.settings.catalog.pyiceberg()
        return {
            "HEADRACE_PROJECT": str(self.project.root),
            "HEADRACE_CATALOG__PATH": catalog["uri"].removeprefix("sqlite:///"),
            "HEADRACE_CATALOG__WAREHOUSE": catalog["warehouse"],
        }

    @property
    def partitions(self) -> int:
        return 2

    def submit(
        self, job: str = JOB, *, bounded: bool = False, parallelism: int | None = None, restore: str | None = None
    ) -> Submitted:
        """Start the job without the ledger, from the savepoint `restore` if any; return once each of its tasks runs."""
        slots = parallelism or self.settings.flink.parallelism
        preflight.check_slots(self.cluster, slots)
        prepared = submission.prepare(
            self.project, self.settings, job, bounded=bounded, parallelism=slots, goes_on=restore is not None
        )
        return submission.launch(prepared, uuid.uuid4().hex, restore)

    def commit_at_the_end(self) -> Plant:
        """The plant whose bounded jobs commit once, at their end: with commits in between, a topic gets a key again.

        Flink takes the first checkpoint at a random time within the interval. With a short interval, a slow machine is
        still reading by then.
        """
        flink = self.settings.flink.model_copy(update={"checkpoint_interval_s": 86_400})
        return replace(self, settings=self.settings.model_copy(update={"flink": flink}))

    def produce_in_transactions(self, batches: Iterable[list[bytes]], *, abort: bool = False) -> None:
        """Send each batch in a separate transaction, which leaves a marker in the topic; they count unless `abort`."""
        producer = Producer({**self.settings.kafka_client(), "transactional.id": self.topic})
        producer.init_transactions(60)
        for batch in batches:
            producer.begin_transaction()
            for n, payload in enumerate(batch):
                producer.produce(self.topic, payload, partition=n % self.partitions)
            if abort:
                producer.flush(60)  # a record that was not sent leaves nothing
                producer.abort_transaction(60)
            else:
                producer.commit_transaction(60)
        self._until_marked(self.topic)

    @contextmanager
    def open_transaction(self, payload: bytes, partition: int) -> Iterator[None]:
        """Send the payload in a transaction that is open during the block, and is committed at its end."""
        options = {"transactional.id": f"{self.topic}.open", "transaction.timeout.ms": OPEN_LIMIT_MS}
        producer = Producer({**self.settings.kafka_client(), **options})
        producer.init_transactions(60)
        producer.begin_transaction()
        producer.produce(self.topic, payload, partition=partition)
        assert producer.flush(60) == 0
        yield
        producer.commit_transaction(60)
        self._until_marked(self.topic)

    def _until_marked(self, topic: str) -> None:
        """Wait until each transaction has its mark, which the broker writes after it has answered the producer."""
        client = self.settings.kafka_client()
        until(lambda: not any(each.hidden for each in kafka.offset_ranges(client, topic).values()), 30)

    def make_topic(self) -> None:
        config = {"max.message.bytes": str(16 * 2**20)}
        topic = NewTopic(self.topic, num_partitions=self.partitions, replication_factor=1, config=config)
        admin = AdminClient(self.settings.kafka_client())
        admin.create_topics([topic])[self.topic].result(timeout=60)

    def recreate_topic(self) -> None:
        """Delete the topic with its records, and create it again under the same name."""
        admin = AdminClient(self.settings.kafka_client())
        admin.delete_topics([self.topic])[self.topic].result(timeout=60)
        until(self._created, 30)

    def _created(self) -> bool:
        try:
            self.make_topic()
        except KafkaException:  # the old one is still being deleted
            return False
        return True

    def forget(self, until: int) -> None:
        """Have the topic delete each partition's records before the offset `until`, as retention does."""
        admin = AdminClient(self.settings.kafka_client())
        marks = [TopicPartition(self.topic, p, until) for p in range(self.partitions)]
        for done in admin.delete_records(marks).values():
            done.result(timeout=60)

    def account(self) -> list[Balance]:
        return reconcile.reconcile(self.project, self.settings, JOB)

    def follow(self, stalled_s: float = 240) -> list[Balance]:
        """Return the account once the job has stored everything in the topic."""
        return reconcile.follow(self.project, self.settings, JOB, stalled_s)

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with warehouse.open(self.settings) as connection:
            rows: list[tuple[Any, ...]] = warehouse.ask(connection, sql).fetchall()
            return rows

    def messages(self, name: str) -> list[tuple[Any, Any]]:
        """Return key and value of each message committed to the topic of sql/_topics/<name>.yaml, parsed from JSON.

        The value of a message without one is None.
        """
        return [(each.key, json.loads(each.value or b"null")) for each in self.sent(name)]

    def sent(self, name: str) -> list[Sent]:
        """Return each message committed to the topic of sql/_topics/<name>.yaml, as `committed` does."""
        found = self.committed(topic_files.load(self.project, name).topic)
        return [Sent(json.loads(each.key()), each.value(), dict(each.headers() or [])) for each in found]

    def committed(self, topic: str) -> list[Message]:
        """Return each message committed to the topic, once no transaction is open in it.

        A job commits to a topic at another moment than to a table.
        """
        self._until_marked(topic)
        client = self.settings.kafka_client()
        options = {"group.id": "headrace.tests", "isolation.level": "read_committed", "enable.partition.eof": True}
        consumer = Consumer({**client, **options})
        partitions = list(kafka.offset_ranges(client, topic))
        consumer.assign([TopicPartition(topic, partition, 0) for partition in partitions])
        messages, ends = [], 0
        try:
            while ends < len(partitions):
                message = consumer.poll(30)
                assert message is not None, f"{topic} does not answer"
                if message.error():
                    ends += 1
                else:
                    messages.append(message)
        finally:
            consumer.close()
        return messages

    def cancel(self) -> None:
        for name in job_folder.names(self.project):
            if running := self.cluster.running(name):
                self.cluster.cancel(running.id, 180)

    def metaspace(self) -> int:
        """Bytes of metaspace that the TaskManager takes."""
        manager = self.cluster.get("/taskmanagers")["taskmanagers"][0]["id"]
        metrics = self.cluster.get(f"/taskmanagers/{manager}/metrics?get=Status.JVM.Memory.Metaspace.Used")
        return int(metrics[0]["value"])

    def finish(self, job: Submitted, limit_s: float = 120) -> None:
        """Wait until a bounded job has ended; fail unless it finished."""
        ended = {"FINISHED", "FAILED", "CANCELED"}
        until(lambda: self.cluster.state(job.id) in ended, limit_s, lambda: str(self.cluster.last_failure(job.id)))
        assert self.cluster.state(job.id) == "FINISHED", self.cluster.last_failure(job.id)


@contextmanager
def plant(platform: Project, folder: Path, environment: Settings | None = None) -> Iterator[Plant]:
    """A plant under `folder`, in the `environment` (default: local, with a separate catalog).

    Its jobs that still run are cancelled at the end.
    """
    name = uuid.uuid4().hex[:8]
    shutil.copytree(platform.root / "sql", folder / "sql")
    shutil.copytree(platform.root / "catalogs", folder / "catalogs")
    contract = folder / "sql" / "_sources" / "plant_readings.yaml"
    topic = f"plant.{name}"
    contract.write_text(contract.read_text().replace("topic: plant.readings", f"topic: {topic}"))
    for written in (folder / "sql" / "_topics").glob("*.yaml"):
        written.write_text(written.read_text().replace("\ntopic: ", f"\ntopic: {name}."))
    project = Project(folder, platform.home)
    world = Plant(project, environment or _local(project), topic)
    world.make_topic()
    table_changes.apply(project, world.settings)
    topic_changes.apply(project, world.settings)
    try:
        yield world
    finally:
        world.cancel()


def _local(project: Project) -> Settings:
    """The local environment with a catalog of its own, and a commit per second: tests wait for commits."""
    loaded = settings.load(project, "local")
    catalog = loaded.catalog.model_copy(
        update={"path": str(project.root / "catalog.db"), "warehouse": f"file://{project.root / 'warehouse'}"}
    )
    often = loaded.flink.model_copy(update={"checkpoint_interval_s": 1})
    return loaded.model_copy(update={"catalog": catalog, "flink": often})


@contextmanager
def steady_flow(plant: Plant, message: Callable[[int], bytes] | None = None) -> Iterator[None]:
    """Keep sending readings, or the nth `message`, some thousands per second, until the block ends."""
    made = message or reading
    stop = threading.Event()
    numbers = count(1_000_000)
    producer = Producer({**plant.settings.kafka_client(), "linger.ms": 20})

    def flow() -> None:
        while not stop.is_set():
            for _ in range(1_000):
                number = next(numbers)
                producer.produce(plant.topic, made(number), partition=number % plant.partitions)
            assert producer.flush(60) == 0
            stop.wait(0.2)

    thread = threading.Thread(target=flow)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(60)
    assert not thread.is_alive()


def until(done: Callable[[], bool], limit_s: float, otherwise: Callable[[], str] = lambda: "") -> None:
    """Wait until `done()`; fail the test with the text of `otherwise()` after `limit_s`, the limit of a calm machine.

    A loaded one has RESERVE times as long. A look that takes long is repeated less often: it would take the processor
    from what it waits for. The last look begins after the limit.
    """
    end = time.monotonic() + RESERVE * limit_s
    asked = time.monotonic()
    while not _holds(done):
        assert asked < end, f"not within {RESERVE * limit_s} s. {otherwise()}"
        time.sleep(min(max(0.1, 2 * (time.monotonic() - asked)), 2))
        asked = time.monotonic()


def _holds(done: Callable[[], bool]) -> bool:
    """Whether `done()`; not yet, if a service is too busy to answer."""
    try:
        return done()
    except PlatformError as error:
        if "does not answer" not in str(error):
            raise
        return False


def reading(n: int, tag: str = "R80711.wind_speed", value: float | None = None) -> bytes:
    """The nth good message of the plant's gateway: one reading per second."""
    number = n % 1000 / 10 if value is None else value
    return b'{"tag":"%s","ts":%d,"value":%a,"q":192}' % (tag.encode(), START_MS + n * 1000, number)
