"""Checks before a job is started: of its tables, its topics and the cluster."""

from __future__ import annotations

from itertools import pairwise

from pyiceberg.catalog import Catalog

from headrace.compose.connectors import Spread
from headrace.compose.job_statements import leftover_tables
from headrace.environment import iceberg, kafka, kafka_metadata, kafka_records, source_topics
from headrace.environment.apply import schema_changes
from headrace.environment.apply.diff import widens
from headrace.environment.apply.table_changes import plan
from headrace.environment.flink_rest import Cluster
from headrace.environment.settings import Settings
from headrace.errors import Place, Problem, UserError
from headrace.operations.offset_runs import ranges
from headrace.operations.stored_offsets import stored
from headrace.operations.topic_identity import refuse_recreated
from headrace.planner.state.stored_plan import StoredPlan
from headrace.project import source_files, table_files, topic_files
from headrace.project.job import Job
from headrace.project.job_folder import JobFolder
from headrace.project.paths import Project
from headrace.project.system_tables import TAGS

_NO_REGISTRY = "the environment has none"
_ADD_REGISTRY = "add schema_registry: {url: ...} to the environment's file in catalogs/"


def check_slots(
    cluster: Cluster,
    needed: int,
    by: str = "the job needs",
    fix: str = "stop another job (headrace stop OTHER), add TaskManagers, or submit with a lower --parallelism",
) -> None:
    """Raise UserError if fewer than `needed` slots are free: a job would wait for them silently."""
    free, total = cluster.slots()
    if free < needed:
        raise UserError(f"{by} {needed} slots, and {free} of the cluster's {total} are free", cluster.rest, fix)


def check_tables(
    project: Project, settings: Settings, tables: Catalog, folder: JobFolder, *, may_differ: bool = False
) -> None:
    """Raise UserError with each table or topic that the job needs and that is missing, or differs from its file.

    `may_differ`: a table may have changed since its file was written, as long as the job can still write it.
    """
    job = folder.job
    needed = dict.fromkeys([*job.tables_written, *job.tables, *leftover_tables(project, settings, folder)])
    missing = [f"table {name}" for name in needed if not tables.table_exists(name)]
    # Steps read columns of the list of tags, which an older table may lack.
    described = [*job.tables_written, *(name for name in job.tables if name == TAGS)]
    differing = [] if may_differ else plan(project, settings, described)
    written = [topic_files.load(project, name).topic for name in job.topics_written]
    if written:
        known = kafka_metadata.topic_names(settings.kafka_client())
        missing += [f"topic {name}" for name in written if name not in known]
    problems = [Problem(f"there is no {what}", fix="create it: headrace tables apply") for what in missing]
    problems += [
        Problem(f"{each.name} differs from its file", fix="see headrace tables plan")
        for each in differing
        if each.action in {"change", "refuse"}
    ]
    problems += table_misfits(project, tables, job) if may_differ else []
    if problems:
        raise UserError(problems)


def table_misfits(project: Project, tables: Catalog, job: Job) -> list[Problem]:
    """Return a problem for each column that prevents the job from writing a table as the catalog has it now.

    Columns that the table has in addition to those of its file must be nullable; others may have got a wider type.
    """
    problems = []
    for name, table in table_files.pick(project, job.tables_written).items():
        if not tables.table_exists(name):
            continue
        fields = {field.name: field for field in iceberg.load_table(tables, name).schema().fields}
        for column, described in table.columns.items():
            field = fields.pop(column, None)
            if field is None:
                problems.append(Problem(f"{name}: it has no column {column}"))
            elif field.field_type != described.type and not widens(described.type, field.field_type):
                problems.append(Problem(f"{name}: its column {column} is {field.field_type}, not {described.type}"))
        required = [field.name for field in fields.values() if field.required]
        problems += [Problem(f"{name}: its column {column} is required") for column in required]
    return problems


def check_registry(project: Project, settings: Settings, folder: JobFolder) -> None:
    """Raise UserError with each source whose schemas are in a registry, if the environment has no registry."""
    if settings.schema_registry:
        return
    registered = [name for name in folder.job.sources if source_files.load(project, name).registered]
    if registered:
        raise UserError(
            [
                Problem(
                    f"its messages name schemas of a schema registry, and {_NO_REGISTRY}",
                    Place.of(project.sql / "_sources" / f"{name}.yaml"),
                    _ADD_REGISTRY,
                )
                for name in registered
            ]
        )


def check_schemas(project: Project, settings: Settings, folder: JobFolder) -> None:
    """Raise UserError with each topic that the job writes with a schema that no registry knows; PlatformError."""
    problems = []
    for each in schema_changes.plan(project, settings, folder.job.topics_written):
        place = Place.of(topic_files.path(project, each.file))
        if settings.schema_registry is None:
            problems.append(
                Problem(f"its messages name a schema of a schema registry, and {_NO_REGISTRY}", place, _ADD_REGISTRY)
            )
        elif each.number is None:
            what = f"its schema is not registered under {each.encoding.subject}"
            problems.append(Problem(what, place, "register it: headrace tables apply"))
    if problems:
        raise UserError(problems)


def check_first_run(tables: Catalog, folder: JobFolder) -> None:
    """Raise UserError if the job, or another one, has written its tables, and they do not show where to start."""
    job = folder.job
    written = [
        name
        for name in job.tables_written
        if job.writes[name] == "append" and tables.load_table(name).current_snapshot() is not None
    ]
    if written and not job.keeps_every_record:
        raise UserError(
            f"{', '.join(written)} has been written to before, and {job.name} would write the same rows again",
            fix="continue from the savepoint that `headrace stop` of the job that wrote them prints: "
            f"headrace submit {job.name} --from PATH",
        )


def check_same_topics(before: StoredPlan, now: StoredPlan) -> None:
    """Raise UserError if a topic was created again since `before`: the offsets mean other records now."""
    old, new = ({topic.split()[0]: topic for topic in plan.topics.values()} for plan in (before, now))
    if recreated := [name for name in old.keys() & new.keys() if old[name] != new[name]]:
        raise UserError(
            f"{', '.join(sorted(recreated))} was deleted and created again since the job was last started: the job's "
            "savepoint has offsets of the old topic",
            fix="give the new topic another name, or see what `headrace restart JOB --from nothing` costs",
        )


def check_topics_stay(before: StoredPlan, now: StoredPlan) -> None:
    """Raise UserError if a source of several topics no longer names one: the savepoint would have it read on."""
    for place, identity in before.topics.items():
        source, _, topic = place.partition(":")
        if topic and place not in now.topics and now.reads(source):
            raise UserError(
                f"'{source}' no longer reads {topic}, but with the job's savepoint Flink would go on reading it",
                identity.split()[0],
                "list it again, or see what `headrace restart JOB --from nothing` costs",
            )


def spread(project: Project, settings: Settings, source: str, slots: int) -> Spread:
    """Return how `slots` readers share the source's topics. Raises UserError if one does not exist."""
    client = settings.kafka_client()
    topics = source_topics.names(client, source_files.load(project, source))
    return Spread(sum(len(kafka.offset_ranges(client, topic)) for topic in topics), slots)


def start(settings: Settings, tables: Catalog, folder: JobFolder, topic: str) -> dict[int, int]:
    """Return the offset that each partition of the topic is read from, in a job without state of it.

    A job that keeps every record starts right after the last one that its tables hold, so that none is stored twice or
    skipped; any other job starts at the earliest record.

    Raises UserError if the tables have a gap, or hold records of another topic that had the name.
    """
    client = settings.kafka_client()
    spans = kafka.offset_ranges(client, topic)
    earliest = {p: span.first for p, span in spans.items()}
    if not folder.job.keeps_every_record:
        return earliest
    every = stored(tables, folder.job, topic)
    if every:
        refuse_recreated(settings, tables, folder.job, {topic: kafka_metadata.topic_id(client, topic)}, UserError)
    kept = {p: s.offsets for p, s in every.items() if p in spans}
    problems = []
    for partition, offsets in kept.items():
        if offsets[-1] >= spans[partition].held:
            problems.append(
                Problem(
                    f"the tables hold offset {offsets[-1]} of {topic}/{partition}, which ends at "
                    f"{spans[partition].held}: the topic was deleted and created again, and its offsets mean other "
                    "records now",
                    fix="give the new topic another name",
                )
            )
        for (_, gap), (end, _) in pairwise(ranges(offsets)):
            if len(kafka_records.records_in(client, topic, partition, gap, end)):
                problems.append(
                    Problem(
                        f"the tables hold {topic}/{partition} up to offset {gap} and from {end} on, but not between",
                        fix=f"see headrace reconcile {folder.job.name}; restore the job from its last checkpoint",
                    )
                )
    if problems:
        raise UserError(problems)
    return earliest | {p: max(int(offsets[-1]) + 1, earliest[p]) for p, offsets in kept.items()}
