"""Register a job's sources in Flink: their functions, tables and views."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from headrace.compose import render
from headrace.compose.source_tables import Source
from headrace.planner.table_api import streams
from headrace_udfs.references import resolve_in_sql
from headrace_udfs.streams import Condense


def prepare(environment, source: Source, *, shared: bool, condense: Condense | None = None) -> None:  # type: ignore[no-untyped-def]
    """Register a source.

    shared: whether the job has a module, whose conversions to DataStreams share the reading. condense: see Streams.
    """
    for name, function in _functions(source, condense).items():
        environment.create_temporary_system_function(f"{source.function}_{name}", function)
    tables = source.tables
    for statement in tables.created:
        environment.execute_sql(resolve_in_sql(statement))
    if shared:
        streams.share(environment, tables.shared)
    for statement in tables.views:
        environment.execute_sql(resolve_in_sql(statement))
        if tables.timed and statement == tables.views[0]:
            streams.give_event_time(environment, tables.timed)
    for view in tables.held:
        _hold(environment, view)


def _hold(environment, view: str) -> None:  # type: ignore[no-untyped-def]
    """Have all readers of a view share one part of the plan.

    Flink converts the text of a view for each reader, and numbers its table functions again, so that the parts differ
    and each has a state of its own. A Table is converted once.
    """
    table = environment.sql_query(render.engine("all_of", table=view))
    environment.drop_temporary_view(view)
    environment.create_temporary_view(view, table)


def _functions(source: Source, condense: Condense | None) -> dict[str, Any]:
    from headrace_udfs.flink import ingest  # noqa: PLC0415 - imports PyFlink
    from headrace_udfs.flink_streams import Timing, Work, ingest_streams  # noqa: PLC0415

    partitions, readers = source.spread.partitions, source.spread.readers
    if not source.tables.packed:
        return ingest(source.pipeline, partitions, readers)
    late = source.lateness
    timing = None if late is None else Timing(partitions, readers, late // timedelta(microseconds=1))
    return ingest_streams(source.pipeline, Work(timing, condense))
