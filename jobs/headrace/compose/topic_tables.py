"""The Flink tables of the topics that a job writes."""

from __future__ import annotations

from dataclasses import dataclass

from headrace.compose import render
from headrace.compose.connectors import Options
from headrace.compose.flink_types import flink_columns
from headrace.project.job import Mode
from headrace.project.topic_files import HEADERS, Topic

# Of Flink's connectors, it takes every kind of change of any columns.
_STAND_IN: Options = {"connector": "print"}
# This one takes them too, and headers as metadata. A plan without metadata would leave headers out of messages.
_STAND_IN_WITH_HEADERS: Options = {
    "connector": "kafka",
    "topic": "nothing is written to this table",
    "properties.bootstrap.servers": "none",
    "format": "debezium-json",
}
_KAFKA = ("kafka", "upsert-kafka")


@dataclass(frozen=True)
class WrittenTopic:
    """The Flink table of a topic that the job writes: its name, and the statement that creates it.

    `stand_in` creates a table that a job is planned with instead of one that is upserted; None for other topics. Flink
    leaves out UPDATE_BEFORE for Kafka's upsert table, and then a join can miss that a row no longer meets its
    condition. Yet Kafka's sink takes UPDATE_BEFORE, as a deletion. The stand-in takes every kind of change.
    """

    table: str
    statement: str
    stand_in: str | None
    headers: tuple[str, ...] = ()
    """The columns that are written as headers, if messages are written, and not files."""


def table_of(topic: str) -> str:
    """Return the name of the Flink table of the topic with this file in sql/_topics/."""
    return f"{topic}__topic"


def written_topic(name: str, topic: Topic, mode: Mode, options: Options) -> WrittenTopic:
    """Return the Flink table, with the `options` of its connector."""
    headers = tuple(topic.headers) if options["connector"] in _KAFKA else ()
    statement = _statement(name, topic, mode, options, headers)
    standing_in = _STAND_IN_WITH_HEADERS if headers else _STAND_IN
    stand_in = _statement(name, topic, mode, standing_in, headers) if mode == "upsert" else None
    return WrittenTopic(table_of(name), statement, stand_in, headers)


def _statement(name: str, topic: Topic, mode: Mode, options: Options, headers: tuple[str, ...]) -> str:
    columns = {column: kind for column, kind in flink_columns(topic.columns).items() if column not in headers}
    return render.engine(
        "kafka_sink",
        view=table_of(name),
        columns=columns,
        headers=HEADERS if headers else None,
        metadata=options["connector"] in _KAFKA,
        key=topic.key,
        upsert=mode == "upsert",
        options=options,
    )
