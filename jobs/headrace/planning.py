"""A composition into a Flink plan, and what Flink refuses of it told at its place in the template."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from pyiceberg.catalog import Catalog

from headrace import catalog, preflight, spec
from headrace.cluster import root_cause
from headrace.compose import Composition, compose
from headrace.errors import Place, PlatformError, Problem, UserError
from headrace.project import Project
from headrace.session import table_environment
from headrace.settings import Settings
from headrace_udfs.references import resolve

_PLACE = re.compile(r"(?:at|From) line (\d+), column (\d+)")
_FAULTS_OF_SQL = re.compile(r"org\.apache\.flink\.table\.api\.(?:Validation|SqlParser\w*|Table)Exception: ")


def explain(project: Project, settings: Settings, name: str) -> str:
    """Flink's plan of the job, from the earliest records on. Raises as `submit` does; nothing is started."""
    folder = spec.load(project, name)
    tables = catalog.connect(settings)
    preflight.check_tables(tables, folder)
    environment = table_environment(project, settings, name, settings.flink.parallelism)
    composition = compose(project, settings, folder, {})
    statements = statement_set(environment, composition, tables)
    with refusals_told(composition):
        return str(statements.explain())


def statement_set(environment, composition: Composition, tables: Catalog):  # type: ignore[no-untyped-def]
    """The job as a pyflink StatementSet. Raises UserError with the faults of all its SELECTs, PlatformError."""
    from headrace_udfs.flink import ingest  # noqa: PLC0415 - imports PyFlink

    with refusals_told(composition):
        for source in composition.sources:
            environment.create_temporary_system_function(source.function, ingest(source.pipeline))
        for statement in composition.statements():
            environment.execute_sql(resolve(statement))
        statements = environment.create_statement_set()
    problems: list[Problem] = []
    for sink in composition.selects:
        try:
            with refusals_told(composition, sink):
                schema = environment.sql_query(composition.selects[sink].sql).get_resolved_schema()
                columns = list(schema.get_column_names())
                _check_columns(composition, sink, columns, tables)
                statements.add_insert_sql(composition.insert(sink, columns))
        except UserError as error:
            problems += error.problems
    if problems:
        raise UserError(problems)
    for insert in composition.dead_letter_inserts():
        statements.add_insert_sql(insert)
    return statements


@contextmanager
def refusals_told(composition: Composition, sink: str | None = None) -> Iterator[None]:
    """Tell what Flink raises: UserError where the SQL is at fault, at its line where it is that of `sink`."""
    from py4j.protocol import Py4JJavaError  # noqa: PLC0415 - comes with PyFlink
    from pyflink.util.exceptions import JavaException  # noqa: PLC0415

    try:
        yield
    except (Py4JJavaError, JavaException) as error:
        said = str(error.java_exception) if isinstance(error, Py4JJavaError) else str(error)
        if not _FAULTS_OF_SQL.match(said):
            raise PlatformError(f"Flink failed: {root_cause(str(error))}") from None
        raise UserError(f"SQL: {_in_words(said)}", _blamed(composition, sink, said)) from None


def _blamed(composition: Composition, sink: str | None, said: str) -> Place:
    """The line of the SELECT that was read; in a plan of all of them, the template of the sink that is named."""
    if sink is None:
        named = next((name for name in composition.selects if name in said), None)
        return Place.of(composition.folder.templates[named] if named else composition.folder.path)
    path, found = composition.folder.templates[sink], _PLACE.search(said)
    if not found:
        return Place.of(path)
    return Place.of(path, composition.selects[sink].template_line(int(found[1])), int(found[2]))


def _in_words(said: str) -> str:
    """What Flink's parser or validator says, less class names and places in SQL that the author never saw."""
    text = " ".join(said.strip().split("\n\n")[0].split("\n\tat ")[0].split())
    text = re.sub(r"^(?:[\w.$]+(?:Exception|Error): )+", "", text)
    text = re.sub(r"^SQL (?:parse|validation) failed\. ", "", text)
    text = re.sub(r"^From line \d+, column \d+ to line \d+, column \d+: ", "", text)
    text = re.sub(r" Was expecting one of: .*", "", text)
    return re.sub(r" at line \d+, column \d+\.?$", "", text)


def _check_columns(composition: Composition, sink: str, columns: list[str], tables: Catalog) -> None:
    schema = tables.load_table(sink).schema()
    where = Place.of(composition.folder.templates[sink])
    extra = [c for c in columns if c not in schema.column_names]
    needed = [f.name for f in schema.fields if f.required and f.name not in columns]
    problems = [
        Problem(f"{sink} has no column '{c}'", where, f"its columns: {', '.join(schema.column_names)}") for c in extra
    ]
    problems += [Problem(f"{sink} requires the column '{c}'", where, "add it to the SELECT") for c in needed]
    if problems:
        raise UserError(problems)
