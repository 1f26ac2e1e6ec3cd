"""historian.completeness: for each partition of a topic, the offset up to which every record is in a table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import cached_property, partial

from pyiceberg.catalog import Catalog
from pyiceberg.table import Table

from headrace.environment import iceberg, kafka, kafka_records, source_topics
from headrace.environment.kafka import OffsetRange, TopicState
from headrace.environment.settings import Settings
from headrace.errors import UserError
from headrace.operations import topic_identity
from headrace.operations.offset_runs import reach, union
from headrace.operations.stored_offsets import StoredRuns, deleted_runs, latest, stored_runs
from headrace.project import job_folder, source_files
from headrace.project.job import Job
from headrace.project.paths import Project
from headrace.project.system_tables import COMPLETENESS, DEAD_LETTERS, MARKERS
from headrace.upkeep.completeness import stored_progress
from headrace.upkeep.completeness.appended import Appended
from headrace.upkeep.completeness.stored_progress import Mark
from headrace_udfs.contract import Contract


@dataclass(frozen=True)
class Reached:
    """How far a job has stored a partition of a topic, at the time `looked_at` (UTC).

    Each record below `next_offset` of the topic with Kafka's `topic_id` is in a table or in dead letters, unless
    retention deleted it before it was read, which `reconcile` reports. `lag` counts the offsets from there to the end
    of what the broker holds, 0 if none of them holds a record; `hidden` of these wait behind an open transaction, where
    nobody can read them. `last_ts` is the latest time of a reading below `next_offset`. No reading from before
    `complete_through` is still to come, if sources are no later than their contract allows; None if that time is
    unknown, for example because another topic has the name now. `held_by` is what outside of the job keeps
    `complete_through` from advancing; None if nothing does.
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
    hidden: int = 0
    held_by: str | None = None

    @property
    def caught_up(self) -> bool:
        """Whether every record that can be read is stored."""
        return self.lag == self.hidden


def refresh(project: Project, settings: Settings) -> list[Reached]:
    """Update the table and return it: the partitions of all jobs that keep every record and have ever stored one.

    Only rows that were stored since the last refresh are read. Raises UserError, PlatformError.
    """
    catalog = iceberg.connect(settings)
    jobs = [job for job in job_folder.jobs(project) if job.keeps_every_record]

    def attempt() -> list[Reached]:
        table = iceberg.load_table(catalog, COMPLETENESS)
        before = _rows(table)
        results = [
            _Work(project, settings, catalog, job, *_appended(catalog, table, job)).refreshed(before) for job in jobs
        ]
        rows = [each for reached, _ in results for each in reached]
        progress = {of: mark for _, read in results for of, mark in read.items()}
        stored_progress.replace(table, map(asdict, rows), progress)
        return rows

    return iceberg.commit(COMPLETENESS, attempt)


def last(catalog: Catalog) -> list[Reached]:
    """Return the rows of the table, as of its last refresh. Raises PlatformError."""
    return _rows(iceberg.load_table(catalog, COMPLETENESS))


def _rows(table: Table) -> list[Reached]:
    # A table that was made before the column `hidden` has no value there.
    return [Reached(**{**row, "hidden": row.get("hidden") or 0}) for row in stored_progress.rows(table)]


def _appended(catalog: Catalog, table: Table, job: Job) -> tuple[dict[str, Appended], bool]:
    """Return the rows appended to each of the job's tables, by the name under which `table` stores what was read.

    All rows, and True, if one of the tables no longer holds what was read of it: it was dropped, whether it was created
    again or not, or rolled back.
    """
    names = {f"{job.name}.{name}": name for name in (*job.tables_written, DEAD_LETTERS, MARKERS)}
    tables = {of: iceberg.load_table(catalog, name) for of, name in names.items() if catalog.table_exists(name)}
    dropped = any(stored_progress.since(table, of) is not None for of in names.keys() - tables.keys())
    appended = {of: Appended(each, stored_progress.since(table, of, each)) for of, each in tables.items()}
    replaced = (stored_progress.is_another(table, of, each) for of, each in tables.items())
    if dropped or any(replaced) or any(each.rolled_back for each in appended.values()):
        return {of: Appended(each, None) for of, each in tables.items()}, True
    return appended, False


@dataclass(frozen=True)
class _Work:
    """One job, and the rows `appended` to its tables; nothing that was found before holds if it is `from_scratch`."""

    project: Project
    settings: Settings
    catalog: Catalog
    job: Job
    appended: Mapping[str, Appended]
    from_scratch: bool

    def refreshed(self, previous: list[Reached]) -> tuple[list[Reached], dict[str, Mark]]:
        """Return the job's partitions, and how far its tables were read.

        If not all of the new rows could be placed, that is how far they were read last time, so that these rows are
        read again. Tables are read before the topic: what is stored in between counts as lag, and nothing counts as
        stored that is not.
        """
        before = {(row.src_topic, row.src_partition): row for row in previous if row.job == self.job.name}
        if self.from_scratch:
            before = {}
        new = stored_runs(self.job.name, self.appended.values())
        for place, deleted in deleted_runs(self.catalog, self.job).items():
            new[place].offsets = union(new[place].offsets, deleted)
        rows: list[Reached] = []
        again = False
        for contract, topic in self._read() if before or new else ():
            now = datetime.now(UTC)
            old = {partition: row for (read, partition), row in before.items() if read == topic}
            try:
                state = kafka.topic_state(self.settings.kafka_client(), topic)
            except UserError as missing:
                if not old:
                    raise
                why = missing.problems[0].what
                rows += [replace(each, complete_through=None, looked_at=now, held_by=why) for each in old.values()]
                again = True
                continue
            for number, span in state.ranges.items():
                added = new.get((topic, number), StoredRuns())
                first = min([span.first, *added.offsets[:1, 0].tolist()])
                was = replace(old[number], looked_at=now) if number in old else self._blank(topic, number, first, now)
                row, gap = self._partition(contract, state, was, added)
                rows.append(row)
                again = again or gap
            rows += [
                replace(old.get(number) or self._blank(topic, number, 0, now),
                        looked_at=now, held_by=kafka.no_leader([number]))
                for number in state.leaderless
            ]  # fmt: skip
            again = again or bool(state.leaderless)
        read = {of: Mark(each.since if again else each.head, each.table) for of, each in self.appended.items()}
        return rows, read

    def _read(self) -> Iterator[tuple[Contract, str]]:
        """Yield each topic that the job reads, with its contract."""
        for source in self.job.sources:
            contract = source_files.load(self.project, source)
            for topic in source_topics.names(self.settings.kafka_client(), contract):
                yield contract, topic

    def _blank(self, topic: str, number: int, first: int, now: datetime) -> Reached:
        return Reached(self.job.name, topic, number, first, 0, None, None, now)

    def _partition(
        self, contract: Contract, state: TopicState, was: Reached, added: StoredRuns
    ) -> tuple[Reached, bool]:
        """Return how far the partition is stored, and whether rows are stored beyond a gap.

        `was` is how far it was stored last time, and when it is looked at now.
        """
        topic, number, span = state.name, was.src_partition, state.ranges[was.src_partition]
        known = was.topic_id or self._stored_ids.get(topic)
        if problem := topic_identity.recreated(self.job.name, topic, known, state.id):
            return replace(was, lag=span.held - span.first, hidden=0, complete_through=None, topic_id=known,
                           held_by=problem.what), False  # fmt: skip
        next_record = partial(kafka_records.next_record, self.settings.kafka_client(), topic, number)
        end, gap = reach(was.next_offset, added.offsets, next_record)
        # Some of the new rows lie beyond a gap: their times count once it is closed.
        last_ts = latest(was.last_ts, None if gap else added.last_ts)
        lag = lag_of(end, span, next_record)
        # A record that waits came later than all that was there when the job had last stored everything.
        before = was.complete_through if lag else None
        through = _through(contract, last_ts, was.looked_at if lag == 0 else None, before) if end <= span.held else None
        return replace(was, next_offset=end, lag=lag, last_ts=last_ts, complete_through=through, topic_id=state.id,
                       hidden=span.hidden, held_by=span.hidden_reason), gap  # fmt: skip

    @cached_property
    def _stored_ids(self) -> Mapping[str, str]:
        return topic_identity.stored_ids(self.settings, self.catalog, self.job)


def lag_of(at: int, span: OffsetRange, next_record: Callable[[int], int | None]) -> int:
    """Return the number of offsets from `at` to the end of what the broker holds; only the hidden ones if no record
    can be read there.
    """
    if at > span.held:  # the tables hold more: rows of another topic that had the name
        return span.held - span.first
    # A transaction's marker at the end has an offset, but is not a record.
    record = next_record(at) if at < span.end else None
    return span.hidden if record is None or record >= span.end else span.held - at


def _through(
    contract: Contract, last_ts: datetime | None, caught_up_at: datetime | None, before: datetime | None
) -> datetime | None:
    if contract.watermark is None:
        return None
    reached = latest(last_ts, caught_up_at)
    return latest(reached and reached - contract.watermark.lateness, before)
