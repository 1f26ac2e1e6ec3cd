"""The Flink tables of the topics that a job writes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from headrace.compose import encoded_values, render
from headrace.compose.connectors import Options
from headrace.compose.encoded_values import EncodedValue
from headrace.compose.flink_types import flink_columns
from headrace.compose.sql_text import Sql
from headrace.project.job import Mode
from headrace.project.topic import HEADERS, Topic

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
_TYPED = "_columns"


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
    encoded: EncodedValue | None = None
    """How the value of a message is made, if the table has a column for it, and not those that it is made of."""
    described: str | None = None
    """If it is encoded, the statement that creates the table `typed`, to which nothing is written."""

    @property
    def typed(self) -> str:
        """The name of the table that has all columns of the topic, with their types."""
        return f"{self.table}{_TYPED}" if self.encoded else self.table

    @property
    def statements(self) -> list[str]:
        """The statements that create the tables."""
        return [self.statement, *([self.described] if self.described else [])]


def table_of(topic: str) -> str:
    """Return the name of the Flink table of the topic with this file in sql/_topics/."""
    return f"{topic}__topic"


def written_topic(
    name: str, topic: Topic, mode: Mode, options: Options, encoded: EncodedValue | None = None
) -> WrittenTopic:
    """Return the Flink table, with the `options` of its connector; with `encoded`, the value is one column."""
    live = is_live(options)
    headers = tuple(topic.headers) if live else ()
    of_topic = flink_columns(topic.columns)
    columns = {column: kind for column, kind in of_topic.items() if column not in headers}
    described = None
    if encoded:
        left = {column: kind for column, kind in columns.items() if column in encoded.left}
        columns = {**left, encoded_values.VALUE: encoded_values.TYPE}
        options = encoded_values.options(options) if live else options
        described = _Table(topic, "append", ()).created(f"{table_of(name)}{_TYPED}", of_topic, _STAND_IN)
    table = _Table(topic, mode, headers)
    statement = table.created(table_of(name), columns, options)
    standing_in = _STAND_IN_WITH_HEADERS if headers else _STAND_IN
    stand_in = table.created(table_of(name), columns, standing_in) if mode == "upsert" else None
    return WrittenTopic(table_of(name), statement, stand_in, headers, encoded, described)


def is_live(options: Options) -> bool:
    """Return whether the connector of these options writes messages, and not files."""
    return options["connector"] in _KAFKA


@dataclass(frozen=True)
class _Table:
    topic: Topic
    mode: Mode
    headers: tuple[str, ...]

    def created(self, table: str, columns: Mapping[str, Sql], options: Options) -> str:
        """Return the statement that creates the table."""
        return render.engine(
            "kafka_sink",
            view=table,
            columns=columns,
            headers=HEADERS if self.headers else None,
            metadata=is_live(options),
            key=self.topic.key,
            upsert=self.mode == "upsert",
            options=options,
        )
