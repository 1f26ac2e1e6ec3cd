"""Convert Tables to DataStreams, for what only DataStreams offer: keyed state and timers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headrace.compose import render
from headrace.compose.sql_text import Sql

if TYPE_CHECKING:
    from pyflink.datastream import DataStream
    from pyflink.table import StreamTableEnvironment, Table

EVENT_TIME = "event_time"


def to_stream(environment: StreamTableEnvironment, table: Table) -> DataStream:
    """Return the rows of the table as a stream, whose records have the table's event time if it has one.

    A timestamp finer than a millisecond becomes an int, in microseconds since 1970: PyFlink would refuse it.
    """
    from pyflink.table.types import LocalZonedTimestampType  # noqa: PLC0415 - only with a Table, so PyFlink is loaded

    schema = table.get_resolved_schema()
    names, kinds = schema.get_column_names(), schema.get_column_data_types()
    fine = [n for n, k in zip(names, kinds, strict=True) if isinstance(k, LocalZonedTimestampType) and k.precision > 3]
    select = render.engine("streamed", columns=names, fine=fine, table=Sql(str(table)))
    return environment.to_data_stream(environment.sql_query(select))


def share(environment: StreamTableEnvironment, name: str) -> None:
    """Replace the temporary table or view `name` with a view of one DataStream that all its readers share.

    Flink plans each conversion to a DataStream and each INSERT separately: each would read the topic, and they would
    differ in which readings are late.
    """
    from pyflink.table import Schema  # noqa: PLC0415 - only with an environment, so PyFlink is loaded
    from pyflink.table.expressions import source_watermark  # noqa: PLC0415

    table = environment.from_path(name)
    schema = Schema.new_builder()
    if EVENT_TIME in table.get_resolved_schema().get_column_names():
        schema.watermark(EVENT_TIME, source_watermark())
    stream = environment.to_data_stream(table)
    if not environment.drop_temporary_view(name):
        environment.drop_temporary_table(name)
    environment.create_temporary_view(name, environment.from_data_stream(stream, schema.build()))
