"""The Flink tables of the topics that a job writes."""

from __future__ import annotations

from dataclasses import dataclass

from headrace.compose import render
from headrace.compose.connectors import Options
from headrace.compose.flink_types import flink_columns
from headrace.project.job import Mode
from headrace.project.topic_files import Topic

# Of Flink's connectors, it takes every kind of change of any columns.
_STAND_IN: Options = {"connector": "print"}


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


def table_of(topic: str) -> str:
    """Return the name of the Flink table of the topic with this file in sql/_topics/."""
    return f"{topic}__topic"


def written_topic(name: str, topic: Topic, mode: Mode, options: Options) -> WrittenTopic:
    """Return the Flink table, with the `options` of its connector."""
    stand_in = _statement(name, topic, mode, _STAND_IN) if mode == "upsert" else None
    return WrittenTopic(table_of(name), _statement(name, topic, mode, options), stand_in)


def _statement(name: str, topic: Topic, mode: Mode, options: Options) -> str:
    return render.engine(
        "kafka_sink",
        view=table_of(name),
        columns=flink_columns(topic.columns),
        key=topic.key,
        upsert=mode == "upsert",
        options=options,
    )
