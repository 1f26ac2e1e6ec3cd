"""Convert Tables to DataStreams, for what only DataStreams offer: keyed state and timers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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


def give_event_time(environment: StreamTableEnvironment, view: str) -> None:
    """Replace the temporary view with one whose EVENT_TIME is a time attribute, with the watermarks of its input.

    SQL cannot declare a time attribute behind a table function. The rows pass as Flink has them, without a conversion.
    """
    from pyflink.java_gateway import get_gateway  # noqa: PLC0415 - only with an environment, so PyFlink is loaded

    jvm, java = get_gateway().jvm, environment._j_tenv
    table = environment.from_path(view)._j_table
    schema = table.getResolvedSchema()
    stream = java.toDataStream(table, _unconverted(jvm, schema.toPhysicalRowDataType()))
    timed = jvm.org.apache.flink.table.api.Schema.newBuilder().fromResolvedSchema(schema)
    java.dropTemporaryView(view)
    java.createTemporaryView(view, stream, timed.watermark(EVENT_TIME, "SOURCE_WATERMARK()").build())


def rows_of_sink(environment: StreamTableEnvironment, sent: DataStream, sink: str, row: str) -> Table:
    """Return the rows of the Arrow streams that `sent` has for a sink.

    sent: records of a STRING, the sink, and BYTES, the stream. row: the type of the rows as SQL has it, ROW<...>.
    """
    from pyflink.java_gateway import get_gateway  # noqa: PLC0415 - only with an environment, so PyFlink is loaded
    from pyflink.table import Table  # noqa: PLC0415

    jvm, java = get_gateway().jvm, environment._j_tenv
    kind = _unconverted(jvm, java.getCatalogManager().getDataTypeFactory().createDataType(row))
    passed = jvm.org.apache.flink.table.runtime.typeutils.ExternalTypeInfo.of(kind)
    # As PyFlink's from_data_stream does; otherwise each function in Python has a worker of its own.
    jvm.org.apache.flink.python.util.PythonConfigUtil.configPythonOperator(
        sent._j_data_stream.getExecutionEnvironment()
    )
    rows = sent._j_data_stream.flatMap(jvm.headrace.ArrowRowsOfSink(sink, kind), passed).name(f"rows of {sink}")
    schema = jvm.org.apache.flink.table.api.Schema.newBuilder().fromRowDataType(kind).build()
    return Table(java.fromDataStream(rows, schema), environment)


def _unconverted(jvm: Any, kind: Any) -> Any:
    """Return the type for rows that pass as Flink has them."""
    from py4j.java_gateway import get_java_class  # noqa: PLC0415 - comes with PyFlink

    return kind.notNull().bridgedTo(get_java_class(jvm.org.apache.flink.table.data.RowData))
