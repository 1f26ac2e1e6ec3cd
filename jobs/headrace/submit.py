"""A job onto the session cluster: detached, and told of in plain words when it does not run."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

from pyiceberg.catalog import Catalog
from pyiceberg.exceptions import NoSuchTableError

from headrace import catalog, contract, spec, topics
from headrace.cluster import Cluster
from headrace.compose import DEAD_LETTERS, Composition, Start, compose
from headrace.errors import Place, PlatformError, Problem, UserError
from headrace.project import Project
from headrace.session import table_environment
from headrace.settings import Settings
from headrace.spec import JobFolder
from headrace.stored import runs, stored
from headrace_udfs.references import resolve

RUNNING_LIMIT_S = 120

_FLINK_PLACE = re.compile(r"(?:at|From) line (\d+), column (\d+)")


@dataclass(frozen=True)
class Submitted:
    """A job that runs, or, bounded, has run."""

    name: str
    id: str
    state: str
    start: dict[str, dict[int, int]]

    def to_json(self) -> dict[str, object]:
        return asdict(self)


def submit(
    project: Project,
    settings: Settings,
    name: str,
    *,
    bounded: bool = False,
    parallelism: int | None = None,
    progress: Callable[[str], None] = lambda _step: None,
) -> Submitted:
    """Start the job where its tables end, and return once each of its tasks runs.

    Raises UserError for what its author or operator must mend (files, SQL, no topic, no table, it runs already,
    too few slots) and PlatformError when a service fails or RUNNING does not come within RUNNING_LIMIT_S.
    """
    folder = spec.load(project, name)
    tables, cluster = catalog.connect(settings), Cluster(settings.flink_rest())
    slots = parallelism or settings.flink.parallelism
    progress("checking tables, topics and slots")
    _check_not_running(cluster, name)
    _check_slots(cluster, slots)
    _check_tables(tables, folder)
    starts = {source: _start(project, settings, tables, folder, source) for source in folder.job.sources}
    composition = compose(project, settings, folder, starts, bounded)
    progress("planning the job in Flink")
    environment = table_environment(project, settings, name, slots)
    statements = statement_set(environment, composition, tables)
    progress("submitting")
    job_id = str(statements.execute().get_job_client().get_job_id())
    progress(f"waiting for job {job_id} to run")
    try:
        state = _await_running(cluster, job_id, slots)
    except PlatformError:
        # What never ran has stored nothing, and would hold its slots and retry for ever.
        cluster.cancel(job_id)
        raise
    return Submitted(name, job_id, state, {source: dict(start.offsets) for source, start in starts.items()})


def explain(project: Project, settings: Settings, name: str) -> str:
    """Flink's plan of the job, from the earliest records on. Raises as `submit` does; nothing is started."""
    folder = spec.load(project, name)
    tables = catalog.connect(settings)
    _check_tables(tables, folder)
    environment = table_environment(project, settings, name, settings.flink.parallelism)
    return str(statement_set(environment, compose(project, settings, folder, {}), tables).explain())


def statement_set(environment, composition: Composition, tables: Catalog):  # type: ignore[no-untyped-def]
    """The job as a pyflink StatementSet. Raises UserError for SQL that Flink refuses, at its place in the template."""
    from headrace_udfs.flink import ingest  # noqa: PLC0415 - imports PyFlink

    for source in composition.sources:
        environment.create_temporary_system_function(source.function, ingest(source.pipeline))
    for statement in composition.statements():
        environment.execute_sql(resolve(statement))
    statements = environment.create_statement_set()
    problems: list[Problem] = []
    for sink in composition.selects:
        try:
            columns = _select_columns(environment, composition, sink)
            _check_columns(composition, sink, columns, tables)
            statements.add_insert_sql(composition.insert(sink, columns))
        except UserError as error:
            problems += error.problems
    if problems:
        raise UserError(problems)
    for insert in composition.dead_letter_inserts():
        statements.add_insert_sql(insert)
    return statements


def _select_columns(environment, composition: Composition, sink: str) -> list[str]:  # type: ignore[no-untyped-def]
    from py4j.protocol import Py4JJavaError  # noqa: PLC0415 - comes with PyFlink
    from pyflink.util.exceptions import TableException  # noqa: PLC0415

    rendered, path = composition.selects[sink], composition.folder.templates[sink]
    try:
        return list(environment.sql_query(rendered.sql).get_resolved_schema().get_column_names())
    except (Py4JJavaError, TableException) as error:
        said = str(error.java_exception) if isinstance(error, Py4JJavaError) else str(error)
        found = _FLINK_PLACE.search(said)
        line = rendered.template_line(int(found[1])) if found else 0
        raise UserError(f"SQL: {_said(said)}", Place.of(path, line, int(found[2]) if found else 0)) from None


def _said(trace: str) -> str:
    """What Flink's parser or validator says, less the places in the SQL that the author never saw."""
    text = trace.strip().splitlines()[0]
    text = re.sub(r"^(?:[\w.$]+(?:Exception|Error): )+", "", text)
    text = re.sub(r"^SQL (?:parse|validation) failed\. ", "", text)
    text = re.sub(r"^From line \d+, column \d+ to line \d+, column \d+: ", "", text)
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


def _check_not_running(cluster: Cluster, name: str) -> None:
    if running := cluster.running(name):
        raise UserError(
            f"{name} runs already, as job {running.id}: a second one would store every record twice",
            cluster.rest,
            f"stop it first: headrace stop {name}",
        )


def _check_slots(cluster: Cluster, needed: int) -> None:
    free, total = cluster.slots()
    if free < needed:
        raise UserError(
            f"the job needs {needed} slots, and {free} of the cluster's {total} are free",
            cluster.rest,
            "stop a job, add TaskManagers, or submit with a lower --parallelism",
        )


def _check_tables(tables: Catalog, folder: JobFolder) -> None:
    wanted = [*folder.job.writes, *folder.job.tables, DEAD_LETTERS]
    missing = [name for name in wanted if not _exists(tables, name)]
    if missing:
        problems = [Problem(f"there is no table {name}", fix="make it: headrace tables apply") for name in missing]
        raise UserError(problems)


def _exists(tables: Catalog, name: str) -> bool:
    try:
        tables.load_table(name)
    except NoSuchTableError:
        return False
    return True


def _start(project: Project, settings: Settings, tables: Catalog, folder: JobFolder, source: str) -> Start:
    """Right behind the last record that the job's tables hold, so that none is stored twice or skipped."""
    topic = contract.load(project, source).topic
    spans = topics.spans(settings.kafka_client(), topic)
    kept = {p: s.offsets for p, s in stored(tables, folder.job, topic).items() if p in spans}
    if not kept:
        return Start()
    problems = []
    for partition, offsets in kept.items():
        if offsets[-1] >= spans[partition].end:
            problems.append(
                Problem(
                    f"the tables hold offset {offsets[-1]} of {topic}/{partition}, which ends at "
                    f"{spans[partition].end}: the topic was made anew, and its offsets mean other records now",
                    fix="give the new topic another name",
                )
            )
        for (_, gap), (end, _) in zip(runs(offsets), runs(offsets)[1:], strict=False):
            if len(topics.records_in(settings.kafka_client(), topic, partition, gap, end)):
                problems.append(
                    Problem(
                        f"the tables hold {topic}/{partition} up to offset {gap} and from {end} on, not between",
                        fix=f"see headrace reconcile {folder.job.name}; restore the job from its last checkpoint",
                    )
                )
    if problems:
        raise UserError(problems)
    return Start({p: int(kept[p][-1]) + 1 if p in kept else span.first for p, span in spans.items()})


def _await_running(cluster: Cluster, job_id: str, slots: int) -> str:
    end = time.monotonic() + RUNNING_LIMIT_S
    while (state := cluster.state(job_id)) not in {"RUNNING", "FINISHED"}:
        failure = cluster.last_failure(job_id)
        if state in {"FAILED", "CANCELED"} or failure:
            raise PlatformError(
                f"the job does not start: {failure or f'it is {state}, and told no cause'}", cluster.rest
            )
        if time.monotonic() > end:
            free, total = cluster.slots()
            raise PlatformError(
                f"the job is {state} after {RUNNING_LIMIT_S} s; it needs {slots} slots, {free} of {total} are free",
                cluster.rest,
            )
        time.sleep(0.2)
    return state
