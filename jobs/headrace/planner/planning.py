"""Plan a composed job in Flink, and report Flink's errors at their place in the template."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from headrace.compose import look_ups
from headrace.compose.job_statements import Composition, module_view, selected_view
from headrace.compose.source_map import Rendered
from headrace.environment import flink_failures
from headrace.environment.java_errors import root_cause
from headrace.environment.settings import Settings
from headrace.errors import Place, PlatformError, Problem, UserError
from headrace.planner import changelog, compiled_plan, first_rows, flink_errors, own_functions, schema_check, sources
from headrace.planner.state.ids import carry_over
from headrace.planner.state.stored_plan import StoredPlan, stored_form
from headrace.planner.table_api import tables
from headrace.planner.table_api.inputs import Inputs
from headrace.project.job import SCORE
from headrace.project.system_tables import POSITION
from headrace_udfs.references import resolve_in_sql
from headrace_udfs.scoring.condense import Condenser
from headrace_udfs.step_protocol import CatalogAddress

_PLACE = re.compile(r"(?:at|From) line (\d+), column (\d+)")


@dataclass(frozen=True)
class Plan:
    """A job that Flink has planned. `compiled` is Flink's JSON of the plan; None for a Table API job."""

    composition: Composition
    compiled: Mapping[str, Any] | None
    _environment: Any
    _statements: Any

    def execute(self) -> Any:
        """Start the job and return pyflink's TableResult. Raises UserError and PlatformError."""
        with flink_errors_reported(self.composition):
            if self.compiled is None:
                return self._statements.execute()
            return compiled_plan.execute(self._environment, self.compiled)

    def operator_graph(self) -> tuple[str, ...]:
        """Return one line per operator of a Table API job."""
        with flink_errors_reported(self.composition):
            return compiled_plan.operator_graph(self._statements)


@dataclass(frozen=True)
class PlannedJob:
    """A job that Flink has planned for the cluster. `stored` is the part of the plan that is kept."""

    composition: Composition
    stored: StoredPlan
    _environment: Any
    _plan: Plan

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
        self._plan.execute()


def plan_job(environment, composition: Composition, settings: Settings, before: StoredPlan | None) -> PlannedJob:  # type: ignore[no-untyped-def]
    """Plan the job. Operators that continue from the plan `before` keep their ids. Raises as `plan` does."""
    planned = plan(environment, composition)
    if planned.compiled is None:
        stored = stored_form(composition, settings, None, planned.operator_graph())
        return PlannedJob(composition, stored, environment, planned)
    compiled, stored = carry_over(planned.compiled, stored_form(composition, settings, planned.compiled), before)
    return PlannedJob(composition, stored, environment, replace(planned, compiled=compiled))


def plan(environment, composition: Composition) -> Plan:  # type: ignore[no-untyped-def]
    """Plan the job. Raises as `statement_set` does, and UserError for each append-only sink whose rows it retracts."""
    statements = statement_set(environment, composition)
    compiled = None
    with flink_errors_reported(composition):
        if composition.folder.module:
            changes = changelog.of_explanation(composition, compiled_plan.changelog_modes(statements))
        else:
            compiled = first_rows.corrected(compiled_plan.from_statements(statements), composition)
            changes = changelog.of_plan(compiled)
    if problems := [*changelog.problems(composition, changes)]:
        raise UserError(problems)
    if compiled is None:
        environment.get_config().set(*changelog.option(composition, changes))
    else:
        compiled = changelog.keeping_rows(compiled, composition)
        _create_topics(environment, {topic.table: topic.statement for topic in composition.topics})
    return Plan(composition, compiled, environment, statements)


def statement_set(environment, composition: Composition):  # type: ignore[no-untyped-def]
    """Return the job as a pyflink StatementSet. Raises UserError with the faults of all its SELECTs; PlatformError."""
    prepare(environment, composition)
    if composition.folder.module is None:
        _create_topics(environment, {each.table: each.stand_in for each in composition.topics if each.stand_in})
    statements = environment.create_statement_set()
    problems: list[Problem] = []
    for sink in composition.selects:
        try:
            with flink_errors_reported(composition, composition.folder.templates.get(sink), composition.selects[sink]):
                selected = environment.sql_query(composition.selects[sink].sql)
                if mismatches := schema_check.mismatches(environment, composition, sink, selected):
                    problems += mismatches
                    continue
                environment.create_temporary_view(selected_view(sink), selected)
                columns = selected.get_resolved_schema().get_column_names()
                statements.add_insert_sql(composition.insert_of_view(sink, list(columns)))
        except UserError as error:
            problems += error.problems
    if problems:
        raise UserError(problems)
    for insert in composition.leftovers():
        statements.add_insert_sql(insert)
    return statements


def prepare(environment, composition: Composition) -> None:  # type: ignore[no-untyped-def]
    """Register the job's functions, topics and views in `environment`. Raises as `statement_set` does."""
    with flink_errors_reported(composition):
        for name, function in _sql_functions().items():
            environment.create_temporary_system_function(name, function)
        own_functions.register(environment, composition.functions.project, composition.folder.job)
        _register_look_ups(environment, composition)
        _register_encoders(environment, composition)
        for statement in composition.connections:
            environment.execute_sql(resolve_in_sql(statement))
        environment.create_java_temporary_system_function("arrow_rows", "headrace.ArrowRows")
        if any(source.pipeline.sessions for source in composition.sources):
            environment.create_java_temporary_system_function("members", "headrace.Members")
        module = composition.folder.module
        inputs = Inputs(environment, composition.functions, module) if module else None
        condense = Condenser(inputs.scorer()) if inputs and composition.folder.job.kind == SCORE else None
        for source in composition.sources:
            sources.prepare(environment, source, shared=module is not None, condense=condense)
        if module and inputs:
            for sink, table in tables.tables(module, composition.folder.job, inputs).items():
                environment.create_temporary_view(module_view(sink), table)
    for view, select in composition.views.items():
        with flink_errors_reported(composition, composition.folder.views[view], select):
            environment.create_temporary_view(view, environment.sql_query(select.sql))


@cache
def _sql_functions() -> dict[str, Any]:
    """Return the project's SQL functions, by name. Each has an object in Java from its first registration on."""
    from headrace_udfs.flink_sql_functions import scalar_functions  # noqa: PLC0415 - imports PyFlink

    return scalar_functions()


def _register_look_ups(environment, composition: Composition) -> None:  # type: ignore[no-untyped-def]
    from headrace_udfs.flink_look_up import functions  # noqa: PLC0415 - imports PyFlink

    catalog = composition.functions.settings.catalog
    for spec in composition.look_ups:
        for column, function in functions(spec, CatalogAddress(catalog.name, catalog.pyiceberg())).items():
            environment.create_temporary_system_function(look_ups.function_of(spec, column), function)


def _register_encoders(environment, composition: Composition) -> None:  # type: ignore[no-untyped-def]
    from headrace_udfs.flink_encode import encoder  # noqa: PLC0415 - imports PyFlink

    for encoded in (topic.encoded for topic in composition.topics if topic.encoded):
        function = encoder(encoded.encoding, encoded.registry)
        environment.create_temporary_system_function(encoded.function, function)


def _create_topics(environment, statements: Mapping[str, str]) -> None:  # type: ignore[no-untyped-def]
    """Replace the tables of written topics: they are resolved when an INSERT is added, and when a plan is executed."""
    for table, statement in statements.items():
        environment.drop_temporary_table(table)
        environment.execute_sql(resolve_in_sql(statement))


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
            what, known = flink_failures.explained(message)
            raise PlatformError(f"Flink failed: {what}", fix=known) from None
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
