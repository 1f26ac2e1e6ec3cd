"""What must be so before a job is started, asked of its tables, its topics and the cluster."""

from __future__ import annotations

from itertools import pairwise

from pyiceberg.catalog import Catalog

from headrace.compose.connectors import Spread
from headrace.compose.job_statements import leftover_tables
from headrace.environment import kafka
from headrace.environment.apply.table_changes import plan
from headrace.environment.flink_rest import Cluster
from headrace.environment.settings import Settings
from headrace.errors import Place, Problem, UserError
from headrace.operations.stored_offsets import runs, stored
from headrace.planner.state.stored_plan import StoredPlan
from headrace.project import source_files, topic_files
from headrace.project.job_folder import JobFolder
from headrace.project.paths import Project


def check_not_running(cluster: Cluster, name: str) -> None:
    """Raises UserError where the job runs: a second one would store every record twice."""
    if running := cluster.running(name):
        raise UserError(
            f"{name} runs already, as job {running.id}: a second one would store every record twice",
            cluster.rest,
            f"stop it first: headrace stop {name}",
        )


def check_slots(
    cluster: Cluster,
    needed: int,
    by: str = "the job needs",
    fix: str = "stop a job, add TaskManagers, or submit with a lower --parallelism",
) -> None:
    """Raises UserError where fewer than `needed` slots are free: a job would wait for them without a word."""
    free, total = cluster.slots()
    if free < needed:
        raise UserError(f"{by} {needed} slots, and {free} of the cluster's {total} are free", cluster.rest, fix)


def check_tables(project: Project, settings: Settings, tables: Catalog, folder: JobFolder) -> None:
    """Raises UserError naming each table or topic that the job needs and that is not there, or not as its file says."""
    job = folder.job
    wanted = dict.fromkeys([*job.tables_written, *job.tables, *leftover_tables(project, settings, folder)])
    missing = [f"table {name}" for name in wanted if not tables.table_exists(name)]
    behind = [each.name for each in plan(project, settings, job.tables_written) if each.action in {"change", "refuse"}]
    written = [topic_files.load(project, name).topic for name in job.topics_written]
    if written:
        there = kafka.topic_names(settings.kafka_client())
        missing += [f"topic {name}" for name in written if name not in there]
    problems = [Problem(f"there is no {what}", fix="make it: headrace tables apply") for what in missing]
    problems += [Problem(f"{name} is not as its file says", fix="see headrace tables plan") for name in behind]
    if problems:
        raise UserError(problems)


def check_registry(project: Project, settings: Settings, folder: JobFolder) -> None:
    """Raises UserError naming each source whose schemas are in a registry, where the environment has none."""
    if settings.schema_registry:
        return
    found = [name for name in folder.job.sources if source_files.load(project, name).registered]
    if found:
        raise UserError(
            [
                Problem(
                    "its messages name schemas of a schema registry, and the environment has none",
                    Place.of(project.sql / "_sources" / f"{name}.yaml"),
                    "add schema_registry: {url: ...} to the environment's file in catalogs/",
                )
                for name in found
            ]
        )


def check_first_run(tables: Catalog, folder: JobFolder) -> None:
    """Raises UserError where a job that cannot tell from its tables how far it came has written some already."""
    job = folder.job
    written = [
        name
        for name in job.tables_written
        if job.writes[name] == "append" and tables.load_table(name).current_snapshot() is not None
    ]
    if written and not job.keeps_every_record:
        raise UserError(
            f"{job.name} has written {', '.join(written)} before, and would write its rows again",
            fix="go on from the savepoint that `headrace stop` told: headrace submit --from PATH",
        )


def check_same_topics(before: StoredPlan, now: StoredPlan) -> None:
    """Raises UserError where a topic was made anew since: the savepoint's offsets mean other records of it."""
    was, is_ = ({topic.split()[0]: topic for topic in plan.topics.values()} for plan in (before, now))
    if anew := [name for name in was.keys() & is_.keys() if was[name] != is_[name]]:
        raise UserError(
            f"{', '.join(sorted(anew))} was made anew since the job was last started: the job's savepoint stands at "
            "offsets of the old topic",
            fix="give the new topic another name, or see what `headrace restart JOB --from nothing` costs",
        )


def spread(project: Project, settings: Settings, source: str, slots: int) -> Spread:
    """How the source's topic is shared by `slots` readers. Raises UserError where there is no such topic."""
    topic = source_files.load(project, source).topic
    return Spread(len(kafka.offset_ranges(settings.kafka_client(), topic)), slots)


def start(
    project: Project, settings: Settings, tables: Catalog, folder: JobFolder, source: str, *, goes_on: bool
) -> dict[int, int]:
    """The offset that each partition of the source is read from: of a complete job, the one right behind the last
    record that its tables hold, so that none is stored twice or skipped; else the earliest.

    With `goes_on`, these are for a source that the savepoint does not know.

    Raises UserError where the tables hold a gap, or offsets that the topic does not have.
    """
    topic = source_files.load(project, source).topic
    spans = kafka.offset_ranges(settings.kafka_client(), topic)
    earliest = {p: span.first for p, span in spans.items()}
    if goes_on or not folder.job.keeps_every_record:
        return earliest
    kept = {p: s.offsets for p, s in stored(tables, folder.job, topic).items() if p in spans}
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
        for (_, gap), (end, _) in pairwise(runs(offsets)):
            if len(kafka.records_in(settings.kafka_client(), topic, partition, gap, end)):
                problems.append(
                    Problem(
                        f"the tables hold {topic}/{partition} up to offset {gap} and from {end} on, not between",
                        fix=f"see headrace reconcile {folder.job.name}; restore the job from its last checkpoint",
                    )
                )
    if problems:
        raise UserError(problems)
    return earliest | {p: max(int(offsets[-1]) + 1, earliest[p]) for p, offsets in kept.items()}
