"""A composition into a Flink plan, and what Flink refuses of it told at its place in the template."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from headrace import catalog, jobfolder, preflight
from headrace.cluster import root_cause
from headrace.compose import Composition, compose
from headrace.ends import Live
from headrace.errors import Place, PlatformError, Problem, UserError
from headrace.project import Project
from headrace.session import table_environment
from headrace.settings import Settings
from headrace.sourcemap import Rendered
from headrace_udfs.references import resolve

_PLACE = re.compile(r"(?:at|From) line (\d+), column (\d+)")
_FAULTS_OF_SQL = re.compile(r"org\.apache\.flink\.table\.api\.(?:Validation|SqlParser\w*|Table)Exception: ")


def explain(project: Project, settings: Settings, name: str) -> str:
    """Flink's plan of the job, from the earliest records on. Raises as `submit` does; nothing is started."""
    folder = jobfolder.load(project, name)
    preflight.check_tables(project, settings, catalog.connect(settings), folder)
    environment = table_environment(project, settings, folder.job, settings.flink.parallelism)
    composition = compose(project, settings, folder, Live(settings))
    statements = statement_set(environment, composition)
    with refusals_told(composition):
        return str(statements.explain())


def statement_set(environment, composition: Composition):  # type: ignore[no-untyped-def]
    """The job as a pyflink StatementSet. Raises UserError with the faults of all its SELECTs, PlatformError."""
    prepare(environment, composition)
    statements = environment.create_statement_set()
    problems: list[Problem] = []
    for sink in composition.selects:
        try:
            with refusals_told(composition, composition.folder.templates[sink], composition.selects[sink]):
                schema = environment.sql_query(composition.selects[sink].sql).get_resolved_schema()
                columns = list(schema.get_column_names())
                _check_columns(composition, sink, columns)
                statements.add_insert_sql(composition.insert(sink, columns))
        except UserError as error:
            problems += error.problems
    if problems:
        raise UserError(problems)
    for insert in composition.leftovers():
        statements.add_insert_sql(insert)
    return statements


def prepare(environment, composition: Composition) -> None:  # type: ignore[no-untyped-def]
    """Make the job's functions, topics and views known. Raises as `statement_set` does."""
    from headrace_udfs.flink import ingest  # noqa: PLC0415 - imports PyFlink
    from headrace_udfs.flink_functions import scalar_functions  # noqa: PLC0415 - as well

    with refusals_told(composition):
        for name, function in scalar_functions().items():
            environment.create_temporary_system_function(name, function)
        for source in composition.sources:
            spread = source.spread
            for column, function in ingest(source.pipeline, spread.partitions, spread.readers).items():
                environment.create_temporary_system_function(f"{source.function}_{column}", function)
        for statement in composition.setup():
            environment.execute_sql(resolve(statement))
    for view, select in composition.views.items():
        with refusals_told(composition, composition.folder.views[view], select):
            environment.create_temporary_view(view, environment.sql_query(select.sql))


@contextmanager
def refusals_told(composition: Composition, path: Path | None = None, select: Rendered | None = None) -> Iterator[None]:
    """Tell what Flink raises: UserError where SQL is at fault, at its line where it is that of the template `path`."""
    from py4j.protocol import Py4JJavaError  # noqa: PLC0415 - comes with PyFlink
    from pyflink.util.exceptions import JavaException  # noqa: PLC0415

    try:
        yield
    except (Py4JJavaError, JavaException) as error:
        said = str(error.java_exception) if isinstance(error, Py4JJavaError) else str(error)
        if not _FAULTS_OF_SQL.match(said):
            raise PlatformError(f"Flink failed: {root_cause(str(error))}") from None
        where = _within(path, select, said) if path and select else _named(composition, said)
        raise UserError(f"SQL: {_in_words(said)}", where) from None


def _within(path: Path, select: Rendered, said: str) -> Place:
    found = _PLACE.search(said)
    return Place.of(path, select.template_line(int(found[1])), int(found[2])) if found else Place.of(path)


def _named(composition: Composition, said: str) -> Place:
    """In a plan of all SELECTs, the template of the sink that is named."""
    templates = composition.folder.templates
    named = next((name for name, sink in composition.sinks.items() if sink.path in said or name in said), None)
    return Place.of(templates[named] if named else composition.folder.path)


def _in_words(said: str) -> str:
    """What Flink's parser or validator says, less class names and places in SQL that the author never saw."""
    text = " ".join(said.strip().split("\n\n")[0].split("\n\tat ")[0].split())
    text = re.sub(r"^(?:[\w.$]+(?:Exception|Error): )+", "", text)
    text = re.sub(r"^SQL (?:parse|validation) failed\. ", "", text)
    text = re.sub(r"^From line \d+, column \d+ to line \d+, column \d+: ", "", text)
    text = re.sub(r" Was expecting one of: .*", "", text)
    return re.sub(r" at line \d+, column \d+\.?$", "", text)


def _check_columns(composition: Composition, sink: str, columns: list[str]) -> None:
    known = composition.sinks[sink].columns
    where = Place.of(composition.folder.templates[sink])
    extra = [c for c in columns if c not in known]
    needed = [name for name, required in known.items() if required and name not in columns]
    problems = [Problem(f"{sink} has no column '{c}'", where, f"its columns: {', '.join(known)}") for c in extra]
    problems += [Problem(f"{sink} requires the column '{c}'", where, "add it to the SELECT") for c in needed]
    if problems:
        raise UserError(problems)
