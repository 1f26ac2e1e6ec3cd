"""Whether a topic is still the same since a job has read it: Kafka's id of it says so, its name does not.

A topic that is deleted and created again has the same name and the same offsets, but other records.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pyiceberg.catalog import Catalog

from headrace.environment import iceberg
from headrace.environment.settings import Settings
from headrace.errors import HeadraceError, Problem
from headrace.operations.ledger import Entry, Ledger, Step
from headrace.planner.state.operators import sinks
from headrace.planner.state.stored_plan import StoredPlan
from headrace.project.job import Job
from headrace.project.system_tables import COMPLETENESS

RAN: frozenset[Step] = frozenset({"running", "stopping", "stopped", "rolled back", "bounded", "finished"})
"""The steps of an incarnation that may have stored rows: one that failed did so before its first checkpoint."""
FIX = (
    "what is stored of the old topic stays: give the new one another name, write it to the source's contract, and "
    "headrace deploy --accept-loss: the job drops its offsets of the old topic, and what it keeps of its records, and "
    "reads the new topic from its first record"
)

_CREATE = "headrace stop {} ends the job; a topic that is created again needs another name"


def stored_ids(settings: Settings, catalog: Catalog, job: Job) -> dict[str, str]:
    """Return Kafka's id of the topics whose records the job's tables hold, by name, as far as it is known.

    It is known from the ledger, which has the topics of each incarnation of the job and of the other jobs that have
    written its tables, or else from the last `headrace completeness`. Raises PlatformError.
    """
    return {**_of_completeness(catalog, job), **ids_of(Ledger(settings).entries(), job)}


def ids_of(entries: Iterable[Entry], job: Job) -> dict[str, str]:
    """Return the ids of the topics that incarnations which wrote the job's tables read, by name; the last one wins."""
    known: dict[str, str] = {}
    for entry in entries:
        plan = StoredPlan.from_text(entry.plan) if entry.plan and entry.step in RAN else None
        if plan and (entry.job == job.name or _tables_of(plan) & {*job.tables_written}):
            known |= plan.topic_ids
    return known


def recreated(job: str, topic: str, known: str | None, now: str) -> Problem | None:
    """Return the problem that the topic's id was `known` and is another one `now`; None if it is the same topic."""
    if known in (None, now):
        return None
    return Problem(
        f"the topic was deleted and created again since {job} read it: its offsets mean other records now, and nothing "
        f"shows that any of these is stored (its id was {known}, and is {now})",
        f"topic {topic}",
        FIX,
    )


def problems(job: str, plan: StoredPlan, now: Mapping[str, str]) -> list[Problem]:
    """Return a problem for each topic of the plan's sources that was deleted, or created again, since it was made.

    `now` has Kafka's ids of the topics that exist, by name.
    """
    gone = [Problem(f"the broker has no topic '{topic}', which {job} reads", fix=_CREATE.format(job))
            for topic in plan.topic_ids if topic not in now]  # fmt: skip
    found = (recreated(job, topic, known, now[topic]) for topic, known in plan.topic_ids.items() if topic in now)
    return [*gone, *(problem for problem in found if problem)]


def refuse_recreated(
    settings: Settings, catalog: Catalog, job: Job, now: Mapping[str, str], error: type[HeadraceError]
) -> None:
    """Raise `error` if the job's tables hold records of another topic than the one that now has its name.

    `now` has Kafka's ids of the topics by name.
    """
    known = stored_ids(settings, catalog, job)
    found = (recreated(job.name, topic, known.get(topic), id_) for topic, id_ in now.items())
    if faults := [problem for problem in found if problem]:
        raise error(faults)


def _tables_of(plan: StoredPlan) -> frozenset[str]:
    # The plan of a Table API job does not name its tables.
    return sinks(plan.plan) if plan.plan else frozenset()


def _of_completeness(catalog: Catalog, job: Job) -> dict[str, str]:
    with iceberg.errors_reported(f"table {COMPLETENESS} cannot be looked for"):
        if not catalog.table_exists(COMPLETENESS):
            return {}
    table, columns = iceberg.load_table(catalog, COMPLETENESS), ("src_topic", "topic_id")
    if not {*columns} <= {*table.schema().column_names}:
        return {}
    with iceberg.errors_reported(f"table {COMPLETENESS} cannot be read"):
        rows = table.scan(iceberg.equals("job", job.name), selected_fields=columns).to_arrow().to_pylist()
    return {row["src_topic"]: row["topic_id"] for row in rows if row["topic_id"]}
