"""A start without any state: what it costs in rows, said beforehand, and doing it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from headrace.environment import iceberg, kafka
from headrace.operations.ledger import Entry
from headrace.operations.lifecycle import incarnation, job_state
from headrace.operations.lifecycle.operation_context import OperationContext
from headrace.operations.lifecycle.start import run
from headrace.operations.lifecycle.stop import halt
from headrace.project import job_folder, source_files
from headrace.project.job_folder import JobFolder


@dataclass(frozen=True)
class Cost:
    """What a start without state does to the rows of a job, a sentence each; none where it does nothing to them."""

    sentences: Sequence[str]


def cost(context: OperationContext, name: str) -> Cost:
    """What it would cost, with nothing done about it. Raises UserError for faults in the job's files."""
    folder = job_folder.load(context.project, name)
    job = folder.job
    if job.keeps_every_record:
        return Cost(())
    sentences = ["its windows, joins and aggregates start empty: those that are open are never told, or told in part"]
    for source in job.sources:
        topic = source_files.load(context.project, source).topic
        held = sum(span.end - span.first for span in kafka.offset_ranges(context.settings.kafka_client(), topic).values())
        sentences.append(f"it reads {topic} from its earliest record on: {held:,} records")
    sentences += [f"{name} is read from its beginning" for name in job.jobs]
    sentences += [f"{rows:,} rows of {table} may come twice" for table, rows in _appended(context, folder) if rows]
    sentences += [f"messages to the topic {each} may come twice" for each in job.topics_written]
    return Cost(sentences)


def restart(context: OperationContext, name: str) -> Entry:
    """Start the project's version of the job without state; one that runs is stopped first.

    A complete job starts right behind what its tables hold. Raises as `upgrade` does; nothing goes back to the state
    of before by itself.
    """
    stands = job_state.settled(context, name)
    complete = job_folder.load(context.project, name).job.keeps_every_record
    # What is to be refused is refused before anything stops.
    incarnation.following(context, name, None, goes_on=True)
    if stands.alive and stands.before:
        halt(context, stands.before)
    # What its tables hold is read after it has stopped: a complete job starts right behind that.
    to_come = incarnation.following(context, name, None, goes_on=not complete)
    job_state.check_slots(context, replace(stands, alive=False), to_come.entry.parallelism)
    return run(context, replace(to_come.entry, message="restarted from nothing"), to_come.prepared)


def _appended(context: OperationContext, folder: JobFolder) -> Sequence[tuple[str, int]]:
    catalog = iceberg.connect(context.settings)
    tables = [name for name in folder.job.tables_written if folder.job.writes[name] == "append"]
    return [(name, iceberg.row_count(iceberg.load_table(catalog, name))) for name in tables]
