"""A start without any state: what it costs in rows, said beforehand, and doing it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from headrace import catalog as catalogs
from headrace import contract, jobfolder, topics
from headrace.jobfolder import JobFolder
from headrace.ledger import Entry
from headrace.lifecycle import incarnation, standing
from headrace.lifecycle.desk import Desk
from headrace.lifecycle.start import run
from headrace.lifecycle.stop import halt


@dataclass(frozen=True)
class Cost:
    """What a start without state does to the rows of a job, a sentence each; none where it does nothing to them."""

    sentences: Sequence[str]


def cost(desk: Desk, name: str) -> Cost:
    """What it would cost, with nothing done about it. Raises UserError for faults in the job's files."""
    folder = jobfolder.load(desk.project, name)
    job = folder.job
    if job.complete:
        return Cost(())
    sentences = ["its windows, joins and aggregates start empty: those that are open are never told, or told in part"]
    for source in job.sources:
        topic = contract.load(desk.project, source).topic
        held = sum(span.end - span.first for span in topics.spans(desk.settings.kafka_client(), topic).values())
        sentences.append(f"it reads {topic} from its earliest record on: {held:,} records")
    sentences += [f"{name} is read from its beginning" for name in job.jobs]
    sentences += [f"{rows:,} rows of {table} may come twice" for table, rows in _appended(desk, folder) if rows]
    sentences += [f"messages to the topic {each} may come twice" for each in job.topics_written]
    return Cost(sentences)


def restart(desk: Desk, name: str) -> Entry:
    """Start the project's version of the job without state; one that runs is stopped first.

    A complete job starts right behind what its tables hold. Raises as `upgrade` does; nothing goes back to the state
    of before by itself.
    """
    stands = standing.standing(desk, name)
    complete = jobfolder.load(desk.project, name).job.complete
    # What is to be refused is refused before anything stops.
    incarnation.following(desk, name, None, goes_on=True)
    if stands.alive and stands.before:
        halt(desk, stands.before)
    # What its tables hold is read after it has stopped: a complete job starts right behind that.
    to_come = incarnation.following(desk, name, None, goes_on=not complete)
    standing.check_slots(desk, replace(stands, alive=False), to_come.entry.parallelism)
    return run(desk, replace(to_come.entry, message="restarted from nothing"), to_come.prepared)


def _appended(desk: Desk, folder: JobFolder) -> Sequence[tuple[str, int]]:
    catalog = catalogs.connect(desk.settings)
    tables = [name for name in folder.job.tables_written if folder.job.writes[name] == "append"]
    return [(name, catalogs.rows(catalogs.load_table(catalog, name))) for name in tables]
