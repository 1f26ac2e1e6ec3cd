"""The place where a job of the gallery runs: the project's files, with tables and topics of their own."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Sequence

from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient

from bench.meter import Meter
from gallery.kit import Feed, Tables
from headrace import local
from headrace.environment import kafka, kafka_messages, kafka_topics, settings
from headrace.environment.apply import table_changes, topic_changes
from headrace.environment.flink_rest import ENDED, Cluster
from headrace.environment.kafka_topics import TopicLayout
from headrace.operations import submission
from headrace.project import message_file, source_files
from headrace.project.paths import Project
from headrace.upkeep import load

PARTS = ("sql", "catalogs", "udfs", "jobs/table_api")
SLOTS = 2
LIMIT_S = 900


def stand(root: Project, platform: Project, name: str) -> Tables:
    """Return a copy of the project's files on the platform, with tables that are empty."""
    folder = platform.home / name
    for part in PARTS:
        shutil.copytree(root.root / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    project = Project(folder, platform.home)
    loaded = settings.load(project, "local")
    own = {"path": str(folder / "catalog.db"), "warehouse": f"file://{folder / 'warehouse'}"}
    of_catalog = loaded.catalog.model_copy(update=own)
    tables = Tables(project, loaded.model_copy(update={"catalog": of_catalog}), folder / "data")
    tables.folder.mkdir()
    table_changes.apply(project, tables.settings)
    topic_changes.apply(project, tables.settings)
    return tables


def prepare(tables: Tables, feeds: Sequence[Feed]) -> None:
    """Create the topics of the data, and load the tables that people keep."""
    for topic, partitions in _topics(tables, feeds).items():
        kafka_topics.create(tables.settings.kafka_client(), topic, TopicLayout(partitions))
    load_tables(tables, feeds)


def load_tables(tables: Tables, feeds: Sequence[Feed]) -> None:
    """Give the tables that people keep their rows."""
    for each in feeds:
        kind, _, name = each.into.partition("/")
        if kind == "table":
            load.load(tables.project, tables.settings, name, each.file)


def empty(tables: Tables, feeds: Sequence[Feed]) -> None:
    """Delete all messages of the data from their topics."""
    client = tables.settings.kafka_client()
    marks = [
        TopicPartition(topic, partition, span.end)
        for topic in _topics(tables, feeds)
        for partition, span in kafka.offset_ranges(client, topic).items()
    ]
    admin = AdminClient(client)  # its requests end with it
    for done in admin.delete_records(marks).values():
        done.result(timeout=30)


def send(tables: Tables, feeds: Sequence[Feed]) -> int:
    """Send the messages of the data, and return their number."""
    client, sent = tables.settings.kafka_client(), 0
    for each in feeds:
        kind, _, name = each.into.partition("/")
        if kind == "source":
            topic = source_files.load(tables.project, name).topic
            sent += kafka_messages.send(client, topic, message_file.read(each.file, each.key)).messages
    return sent


def to_the_end(tables: Tables, job: str) -> float:
    """Run the job to the end of its topics; return the CPU seconds of Flink and its Python workers.

    Raises RuntimeError if it does not finish within LIMIT_S.
    """
    meter, cluster = Meter(), Cluster.of(tables.settings)
    for service in local.status(Project(tables.project.root, tables.project.home)):
        if service.pid and service.name in {"jobmanager", "taskmanager"}:
            meter.watch(service.pid)
    with meter:
        prepared = submission.prepare(tables.project, tables.settings, job, bounded=True, parallelism=SLOTS)
        started = submission.launch(prepared, uuid.uuid4().hex)
        cluster.wait(lambda: cluster.state(started.id) in ENDED, LIMIT_S, f"the end of {job}")
    if (state := cluster.state(started.id)) != "FINISHED":
        raise RuntimeError(f"{job} is {state}: {cluster.last_failure(started.id)}")
    return meter.cpu_s


def _topics(tables: Tables, feeds: Sequence[Feed]) -> dict[str, int]:
    """Return the number of partitions of each topic that gets messages."""
    sources = {each.into.partition("/")[2]: each.partitions for each in feeds if each.into.startswith("source/")}
    return {source_files.load(tables.project, name).topic: partitions for name, partitions in sources.items()}
