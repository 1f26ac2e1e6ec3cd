"""historian.completeness: for each partition of a topic, the offset up to which every record is in a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import partial

from pyiceberg.catalog import Catalog
from pyiceberg.table import Table

from headrace.environment import iceberg, kafka
from headrace.environment.kafka import OffsetRange
from headrace.environment.settings import Settings
from headrace.operations.offset_runs import reach
from headrace.operations.stored_offsets import StoredRuns, latest, stored_runs
from headrace.project import job_folder, source_files
from headrace.project.job import Job
from headrace.project.paths import Project
from headrace.project.system_tables import COMPLETENESS, DEAD_LETTERS
from headrace.upkeep.completeness import stored_progress
from headrace.upkeep.completeness.appended import Appended
from headrace_udfs.contract import Contract


@dataclass(frozen=True)
class Reached:
    """How far a job has stored a partition of a topic, at the time `looked_at` (UTC).

    Each record below `next_offset` of the topic with Kafka's `topic_id` is in a table or in dead letters, unless
    retention deleted it before it was read, which `reconcile` reports. `lag` counts the offsets from there to the
    topic's end, 0 if none of them holds a record. `last_ts` is the latest time of a reading below `next_offset`. No
    reading from before `complete_through` is still to come, if sources are no later than their contract allows; None if
    that time is unknown, for example because another topic has the name now.
    """

    job: str
    src_topic: str
    src_partition: int
    next_offset: int
    lag: int
    last_ts: datetime | None
    complete_through: datetime | None
    looked_at: datetime
    topic_id: str | None = None


def refresh(project: Project, settings: Settings) -> list[Reached]:
    """Update the table and return it: the partitions of all jobs that keep every record and have ever stored one.

    Only rows that were stored since the last refresh are read. Raises UserError, PlatformError.
    """
    catalog, client = iceberg.connect(settings), settings.kafka_client()
    jobs = [job for job in job_folder.jobs(project) if job.keeps_every_record]

    def attempt() -> list[Reached]:
        table = iceberg.load_table(catalog, COMPLETENESS)
        before = _rows(table)
        results = [_refreshed(project, client, job, _appended(catalog, table, job), before) for job in jobs]
        rows = [each for reached, _ in results for each in reached]
        heads = {of: head for _, read in results for of, head in read.items()}
        stored_progress.replace(table, map(asdict, rows), heads)
        return rows

    return iceberg.commit(COMPLETENESS, attempt)


def last(catalog: Catalog) -> list[Reached]:
    """Return the rows of the table, as of its last refresh. Raises PlatformError."""
    return _rows(iceberg.load_table(catalog, COMPLETENESS))


def _rows(table: Table) -> list[Reached]:
    return [Reached(**row) for row in stored_progress.rows(table)]


def _appended(catalog: Catalog, table: Table, job: Job) -> dict[str, Appended]:
    """Return the rows appended to each of the job's tables, by the name under which `table` stores what was read."""
    return {
        (of := f"{job.name}.{name}"): Appended(iceberg.load_table(catalog, name), stored_progress.since(table, of))
        for name in (*job.tables_written, DEAD_LETTERS)
        if catalog.table_exists(name)
    }


def _refreshed(
    project: Project, client: Mapping[str, str], job: Job, appended: Mapping[str, Appended], previous: list[Reached]
) -> tuple[list[Reached], dict[str, int | None]]:
    """Return the job's partitions, and the snapshots to continue from next time.

    If there is a gap, these are the snapshots of last time, so that rows beyond the gap are read again. Tables are read
    before the topic: what is stored in between counts as lag, and nothing counts as stored that is not.
    """
    before = {(row.src_topic, row.src_partition): row for row in previous if row.job == job.name}
    new = stored_runs(job.name, appended.values())
    rows, gaps = [], False
    for source in job.sources if before or new else ():
        contract, now = source_files.load(project, source), datetime.now(UTC)
        topic_id = kafka.topic_id(client, contract.topic)
        for number, span in kafka.offset_ranges(client, contract.topic).items():
            at = (contract.topic, number)
            added, old = new.get(at, StoredRuns()), before.get(at)
            if old and old.topic_id and old.topic_id != topic_id:
                lag = span.end - span.first
                rows.append(replace(old, lag=lag, complete_through=None, looked_at=now))
                continue
            start = old.next_offset if old else min([span.first, *added.offsets[:1, 0].tolist()])
            next_record = partial(kafka.next_record, client, *at)
            end, gap = reach(start, added.offsets, next_record)
            # Some of the new rows lie beyond a gap: their times count once it is closed.
            last_ts = latest(old.last_ts if old else None, None if gap else added.last_ts)
            lag = _lag(end, span, next_record)
            through = _through(contract, last_ts, now if lag == 0 else None) if end <= span.end else None
            rows.append(Reached(job.name, *at, end, lag, last_ts, through, now, topic_id))
            gaps = gaps or gap
    return rows, {of: each.since if gaps else each.head for of, each in appended.items()}


def _lag(at: int, span: OffsetRange, next_record: Callable[[int], int | None]) -> int:
    if at > span.end:  # the tables hold more: rows of another topic that had the name
        return span.end - span.first
    # A transaction's marker at the end has an offset, but is not a record.
    record = next_record(at) if at < span.end else None
    return 0 if record is None or record >= span.end else span.end - at


def _through(contract: Contract, last_ts: datetime | None, caught_up_at: datetime | None) -> datetime | None:
    if contract.watermark is None:
        return None
    reached = latest(last_ts, caught_up_at)
    return reached and reached - contract.watermark.lateness
