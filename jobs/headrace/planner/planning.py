"""Plan a composed job in Flink, and report Flink's errors at their place in the template."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headrace.compose.job_statements import Composition, Source, module_view
from headrace.compose.source_map import Rendered
from headrace.environment.java_errors import root_cause
from headrace.environment.settings import Settings
from headrace.errors import Place, PlatformError, Problem, UserError
from headrace.planner import compiled_plan, flink_errors, schema_check
from headrace.planner.state.ids import carry_over
from headrace.planner.state.stored_plan import StoredPlan, stored_form
from headrace.planner.table_api import streams, tables
from headrace.planner.table_api.inputs import Inputs
from headrace.project.system_tables import POSITION
from headrace_udfs.references import resolve_in_sql

_PLACE = re.compile(r"(?:at|From) line (\d+), column (\d+)")


@dataclass(frozen=True)
class PlannedJob:
    """A job that Flink has planned. `stored` is the part of the plan that is kept."""

    composition: Composition
    stored: StoredPlan
    _environment: Any
    _statements: Any
    _plan: Mapping[str, Any] | None

    def execute(self, job_id: str, restore: str | None = None) -> None:
        """Start the job on the cluster with this id, from the savepoint `restore` if given.

        Raises UserError and PlatformError.
        """
        options = self._environment.get_config()
        options.set("$internal.pipeline.job-id", job_id)
        if restore:
            options.set("execution.state-recovery.path", restore)
            # The verdict has reported what is dropped. Without this, Flink refuses even if only a sink is removed.
            options.set("execution.state-recovery.ignore-unclaimed-state", "true")
        with flink_errors_reported(self.composition):
            if self._plan is None:
                self._statements.execute()
            else:
                compiled_plan.execute(self._environment, self._plan)


def plan_job(environment, composition: Composition, settings: Settings, before: StoredPlan | None) -> PlannedJob:  # type: ignore[no-untyped-def]
    """Plan the job. Operators that continue from the plan `before` keep their ids. Raises as `statement_set` does."""
    statements = statement_set(environment, composition)
    with flink_errors_reported(composition):
        if composition.folder.module:
            graph = compiled_plan.operator_graph(statements)
            return PlannedJob(
                composition, stored_form(composition, settings, None, graph), environment, statements, None
            )
        plan = compiled_plan.from_statements(statements)
    plan, stored = carry_over(plan, stored_form(composition, settings, plan), before)
    return PlannedJob(composition, stored, environment, statements, plan)


def statement_set(environment, composition: Composition):  # type: ignore[no-untyped-def]
    """Return the job as a pyflink StatementSet. Raises UserError with the faults of all its SELECTs; PlatformError."""
    prepare(environment, composition)
    statements = environment.create_statement_set()
    problems: list[Problem] = []
    for sink in composition.selects:
        try:
            with flink_errors_reported(composition, composition.folder.templates.get(sink), composition.selects[sink]):
                selected = environment.sql_query(composition.selects[sink].sql)
                if mismatches := schema_check.mismatches(environment, composition, sink, selected):
                    problems += mismatches
                    continue
                columns = selected.get_resolved_schema().get_column_names()
                statements.add_insert_sql(composition.insert(sink, list(columns)))
        except UserError as error:
            problems += error.problems
    if problems:
        raise UserError(problems)
    for insert in composition.leftovers():
        statements.add_insert_sql(insert)
    return statements


def prepare(environment, composition: Composition) -> None:  # type: ignore[no-untyped-def]
    """Register the job's functions, topics and views in `environment`. Raises as `statement_set` does."""
    from headrace_udfs.flink_sql_functions import scalar_functions  # noqa: PLC0415 - imports PyFlink

    with flink_errors_reported(composition):
        for name, function in scalar_functions().items():
            environment.create_temporary_system_function(name, function)
        for statement in composition.connections:
            environment.execute_sql(resolve_in_sql(statement))
        for source in composition.sources:
            _prepare_source(environment, source, shared=composition.folder.module is not None)
        _prepare_module(environment, composition)
    for view, select in composition.views.items():
        with flink_errors_reported(composition, composition.folder.views[view], select):
            environment.create_temporary_view(view, environment.sql_query(select.sql))


def _prepare_source(environment, source: Source, *, shared: bool) -> None:  # type: ignore[no-untyped-def]
    from headrace_udfs.flink import ingest  # noqa: PLC0415 - imports PyFlink

    for column, function in ingest(source.pipeline, source.spread.partitions, source.spread.readers).items():
        environment.create_temporary_system_function(f"{source.function}_{column}", function)
    for statement in source.tables:
        environment.execute_sql(resolve_in_sql(statement))
    if shared:
        streams.share(environment, source.decoded)
    for statement in source.views:
        environment.execute_sql(resolve_in_sql(statement))


def _prepare_module(environment, composition: Composition) -> None:  # type: ignore[no-untyped-def]
    if module := composition.folder.module:
        inputs = Inputs(environment, composition.functions, module)
        for sink, table in tables.tables(module, composition.folder.job, inputs).items():
            environment.create_temporary_view(module_view(sink), table)


@contextmanager
def flink_errors_reported(
    composition: Composition, path: Path | None = None, select: Rendered | None = None
) -> Iterator[None]:
    """Convert Flink's exceptions: to UserError if SQL or the module is at fault, otherwise to PlatformError.

    With `path` and `select`, the error has the line of the template; otherwise the place of the sink in the message.
    """
    from py4j.protocol import Py4JJavaError  # noqa: PLC0415 - comes with PyFlink
    from pyflink.util.exceptions import JavaException  # noqa: PLC0415

    try:
        yield
    except (Py4JJavaError, JavaException) as error:
        message, module = str(error), composition.folder.module
        if module and (where := module.place_in(message)):
            raise UserError(root_cause(message), where) from None
        explanation = flink_errors.explain(message, _columns(composition))
        if explanation is None:
            raise PlatformError(f"Flink failed: {root_cause(message)}") from None
        what, fix = explanation
        if module:
            raise UserError(
                f"Flink: {what}", module.place_of(error) or _sink_place(composition, message), fix
            ) from None
        where = _template_place(path, select, message) if path and select else _sink_place(composition, message)
        raise UserError(f"SQL: {what}", where, fix) from None


def _columns(composition: Composition) -> list[str]:
    """Return the columns that the job's sources have, those of windows, and those of a record's position."""
    read = [name for source in composition.sources for name in source.pipeline.columns]
    return list(dict.fromkeys([*read, "event_time", "window_start", "window_end", *POSITION]))


def _template_place(path: Path, select: Rendered, message: str) -> Place:
    match = _PLACE.search(message)
    return Place.of(path, select.template_line(int(match[1])), int(match[2])) if match else Place.of(path)


def _sink_place(composition: Composition, message: str) -> Place:
    """Return the place of the sink that the message names, or of the job's only sink; the job's folder otherwise."""
    named = next((name for name, sink in composition.sinks.items() if sink.path in message or name in message), None)
    only = next(iter(composition.sinks)) if len(composition.sinks) == 1 else None
    name = named or only
    return composition.folder.place(name) if name else Place.of(composition.folder.path)
