"""Values of messages that a SQL function encodes, because their topic is not written as JSON."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from pyiceberg.types import PrimitiveType, TimestamptzType

from headrace.compose.flink_types import flink_type
from headrace.compose.sql_text import Sql, ident
from headrace.project.topic import Topic
from headrace_udfs.encoding import Encoding
from headrace_udfs.registry import RegistryAddress

VALUE = "_value"
"""The column that has the encoded value of a message. No column of a topic has such a name."""

TYPE = Sql("BYTES NOT NULL")
"""Its type."""

NUMBER = 1
"""The id of the schema in messages that are written as files."""


@dataclass(frozen=True)
class EncodedValue:
    """A SQL function that makes the value of a message of a topic's columns.

    types: the Flink type in which the function takes each column of the value, in their order. left: the columns that
    the topic's table has besides VALUE. registry: where the function gets the id of the schema, or the id itself; None
    if the environment has no registry, so that the job cannot run.
    """

    function: str
    encoding: Encoding
    types: Mapping[str, Sql]
    left: tuple[str, ...]
    registry: RegistryAddress | int | None

    def call(self, columns: Collection[str]) -> Sql:
        """Return the call of the function; those of its columns that are not among `columns` are null.

        It gets one row of them: Flink does not give constants of all types to a function in Python, except in a row.
        """
        given = [f"CAST({ident(name) if name in columns else 'NULL'} AS {kind})" for name, kind in self.types.items()]
        return Sql(f"{ident(self.function)}(ROW({', '.join(given)}))")


def encoded_value(
    name: str, topic: Topic, encoding: Encoding | None, registry: RegistryAddress | int | None
) -> EncodedValue | None:
    """Return the function for the topic of the file `name`; None for one of JSON, which has no encoding."""
    if encoding is None:
        return None
    types = {column: _argument(each.type) for column, each in topic.value_columns.items()}
    return EncodedValue(f"{name}__value", encoding, types, (*topic.key, *topic.headers), registry)


def _argument(kind: PrimitiveType) -> Sql:
    """Return the Flink type that Python gets values of a type in. It gets no instants, but times in UTC."""
    return Sql("TIMESTAMP(6)") if isinstance(kind, TimestamptzType) else flink_type(kind)


def options(of_json: Mapping[str, str]) -> dict[str, str]:
    """Return the options of a topic in Kafka whose value is the column VALUE, of those of one that is JSON."""
    others = {key: value for key, value in of_json.items() if not key.startswith("value.")}
    return {**others, "value.format": "raw", "value.fields-include": "EXCEPT_KEY"}
