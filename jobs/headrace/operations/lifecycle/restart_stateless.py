"""Start a job without any state, and describe beforehand what that costs in rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from headrace.environment import iceberg, kafka
from headrace.operations.ledger import Entry
from headrace.operations.lifecycle import incarnation, job_state
from headrace.operations.lifecycle.operation_context import OperationContext
from headrace.operations.lifecycle.start import run
from headrace.operations.lifecycle.stop import stop_with_savepoint
from headrace.project import job_folder, source_files
from headrace.project.job_folder import JobFolder


@dataclass(frozen=True)
class Cost:
    """The effects of a start without state on the rows of a job, one sentence per effect; empty if there are none."""

    sentences: Sequence[str]


def cost(context: OperationContext, name: str) -> Cost:
    """Return the cost of a start without state; nothing is done. Raises UserError for faults in the job's files."""
    folder = job_folder.load(context.project, name)
    job = folder.job
    if job.keeps_every_record:
        return Cost(())
    sentences = ["its windows, joins and aggregates start empty: those that are open are lost, in whole or in part"]
    client = context.settings.kafka_client()
    for source in job.sources:
        topic = source_files.load(context.project, source).topic
        held = sum(span.end - span.first for span in kafka.offset_ranges(client, topic).values())
        sentences.append(f"it reads {topic} from its earliest record on: {held:,} records")
    sentences += [f"{name} is read from its beginning" for name in job.jobs]
    sentences += [f"{rows:,} rows of {table} may come twice" for table, rows in _appended(context, folder) if rows]
    sentences += [f"messages to the topic {each} may come twice" for each in job.topics_written]
    return Cost(sentences)


def restart(context: OperationContext, name: str) -> Entry:
    """Start the project's version of the job without state; a running one is stopped first.

    A job that keeps every record starts right after the last one that its tables hold. Raises as `upgrade` does; if it
    fails, the previous incarnation is not started again.
    """
    state = job_state.settled(context, name)
    keeps_every_record = job_folder.load(context.project, name).job.keeps_every_record
    # Plan the job once before anything stops, so that faults are reported first.
    incarnation.successor(context, name, None, goes_on=True)
    if state.alive and state.before:
        stop_with_savepoint(context, state.before)
    # Plan it again after it has stopped: a job that keeps every record starts right after what its tables hold now.
    successor = incarnation.successor(context, name, None, goes_on=not keeps_every_record)
    job_state.check_slots(context, replace(state, alive=False), successor.entry.parallelism)
    return run(context, replace(successor.entry, message="restarted from nothing"), successor.prepared)


def _appended(context: OperationContext, folder: JobFolder) -> Sequence[tuple[str, int]]:
    catalog = iceberg.connect(context.settings)
    tables = [name for name in folder.job.tables_written if folder.job.writes[name] == "append"]
    return [(name, iceberg.row_count(iceberg.load_table(catalog, name))) for name in tables]
