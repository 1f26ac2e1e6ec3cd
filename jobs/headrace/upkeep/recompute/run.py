"""Find the windows that late readings fell into, and recompute them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property

import pyarrow as pa
from pyiceberg.catalog import Catalog
from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

from headrace.environment import iceberg, kafka
from headrace.environment.settings import Settings
from headrace.errors import UserError
from headrace.operations import deleted_rows
from headrace.operations.deleted_rows import DeletedRows
from headrace.planner.in_process.minicluster import MiniCluster
from headrace.planner.in_process.values import Row
from headrace.project import job_folder, readings_table, source_files, table_files
from headrace.project.job import Job
from headrace.project.paths import Project
from headrace.upkeep.checks import expected_counts
from headrace.upkeep.completeness import partitions
from headrace.upkeep.recompute import corrections, dirty
from headrace.upkeep.recompute.audit import audit, audit_input
from headrace.upkeep.recompute.counted_windows import Difference
from headrace.upkeep.recompute.dirty import Name, Window
from headrace.upkeep.recompute.neighbours import Neighbours, with_before
from headrace.upkeep.recompute.readings import readings
from headrace.upkeep.recompute.replace_rows import closed_before, replace_rows
from headrace.upkeep.recompute.rerun import rerun
from headrace.upkeep.recompute.upsert_rows import UpsertedTable
from headrace_udfs.contract import Contract

PATIENCE_S = 120
"""How many seconds to wait for readings that are not stored yet: several checkpoints."""


Check = Callable[[pa.Table, list[Row]], None]


@dataclass(frozen=True)
class Recomputed:
    """A job's dirty windows: those that were `recomputed`, and those that wait, by reason.

    `unstored`: the table of readings is `behind` the topic. `still_open`: the job may still write them. `beyond`: the
    job counts more readings of them than are stored. `deleted`: retention has deleted readings of them, so the rows
    that the job wrote stay. `through`: each other window that ends by this time counts what is stored, by the job's
    expected counts; None if it has none, or if the table is behind.
    """

    job: str
    recomputed: list[Window]
    unstored: list[Window]
    still_open: list[Window]
    beyond: list[Difference] = field(default_factory=list)
    through: datetime | None = None
    behind: bool = False
    deleted: list[Window] = field(default_factory=list)


def recompute(
    project: Project,
    settings: Settings,
    names: Sequence[str] = (),
    progress: Callable[[str], None] = lambda _step: None,
) -> list[Recomputed]:
    """Recompute the dirty windows of the jobs `names` (default: all jobs whose job.yaml has `window:`).

    It may be interrupted at any point, and may run while the jobs run: windows that are not marked as recomputed are
    computed again, with the same rows. Raises UserError, PlatformError.
    """
    able = {job.name: job for job in job_folder.jobs(project) if job.window}
    for name in names:
        if name not in able:
            fix = f"those that can: {', '.join(able) or 'none'}"
            raise UserError(f"no windows of '{name}' can be computed again", fix=fix)
    catalog = iceberg.connect(settings)
    dirty.find(catalog, able.values(), datetime.now(UTC))
    with ExitStack() as until_done:
        work = _Work(project, settings, catalog, until_done, progress)
        return [work.off(job) for name, job in able.items() if not names or name in names]


@dataclass(frozen=True)
class _Work:
    project: Project
    settings: Settings
    catalog: Catalog
    until_done: ExitStack
    progress: Callable[[str], None]

    @cached_property
    def cluster(self) -> MiniCluster:
        """The Flink that runs the job's SQL, started when the first window needs it."""
        self.progress("starting Flink")
        return self.until_done.enter_context(MiniCluster(self.project))

    def off(self, job: Job) -> Recomputed:
        (table,) = job.tables_written
        source = source_files.load(self.project, job.sources[0])
        keeper, kept_in = readings_table.readings_table(self.project, job, source)
        expected = expected_counts.load(self.project, self.settings, job_folder.load(self.project, job.name))
        gone = deleted_rows.of(self.catalog, [kept_in])

        neighbours = Neighbours.of(self.settings, job, kept_in, source.key)

        def pending() -> tuple[list[Window], list[Window], list[Window]]:
            waiting = dirty.pending(self.catalog, job)
            deleted = [each for each in waiting if _deleted(gone, each.name)]
            return (*_closed((each for each in waiting if each not in deleted), last), deleted)

        last = closed_before(self.catalog, table)
        closed, still_open, deleted = pending()
        if last is None or not (closed or expected):
            return Recomputed(job.name, [], [], still_open, deleted=deleted)
        if not self._all_stored(keeper, source.topic):
            return Recomputed(job.name, [], closed, still_open, behind=True, deleted=deleted)
        if expected is None:
            unfollowed = self._list_following(job, neighbours, [*closed, *still_open]) if neighbours else set()
            closed, still_open, deleted = pending()
            self._recompute(job, source, kept_in, closed, neighbours=neighbours, unfollowed=unfollowed)
            return Recomputed(job.name, closed, [], still_open, deleted=deleted)
        with audit_input(self.settings, self.catalog, job, expected, kept_in) as (counted, appended):
            beyond = audit(self.catalog, job, counted, appended, last=last, progress=self.progress)
            closed, still_open, deleted = pending()
            for batch in dirty.batches(closed):
                beyond += [each for each in counted.of(batch) if each.counted > each.stored]
            left = {each.name for each in beyond}
            recomputed = [each for each in closed if each.name not in left]
            self._recompute(job, source, kept_in, recomputed, counted.check)
        # A window whose readings were deleted counts more than is stored, as it should.
        beyond = [each for each in dict.fromkeys(beyond) if not _deleted(gone, each.name)]
        return Recomputed(job.name, recomputed, [], still_open, beyond, last, deleted=deleted)

    def _list_following(self, job: Job, neighbours: Neighbours, windows: list[Window]) -> set[Name]:
        """List the windows that depend on late readings of others; return those that no reading follows yet."""
        following, unfollowed = neighbours.following([each for each in windows if each.late_readings])
        if new := following - {each.name for each in windows}:
            dirty.add(self.catalog, job, new, {}, datetime.now(UTC))
        return unfollowed

    def _recompute(
        self,
        job: Job,
        source: Contract,
        kept_in: str,
        windows: list[Window],
        check: Check = lambda _from, _rows: None,
        *,
        neighbours: Neighbours | None = None,
        unfollowed: Collection[Name] = (),
    ) -> None:
        """Compute the windows again; those that are `unfollowed` stay on the list."""
        for number, batch in enumerate(dirty.batches(windows)):
            self.progress(f"{job.name}: {batch[0].window_start:%Y-%m-%d}, {len(batch):,} of {len(windows):,} windows")
            stored = readings(self.catalog, kept_in, source, batch, neighbours.needs if neighbours else timedelta(0))
            if neighbours:
                stored = with_before(stored, neighbours.before(batch, stored.column_names))
            rows = rerun(
                self.project, self.settings, self.cluster, job=job, source=source, readings=stored, name=str(number)
            )
            check(stored, rows)
            names = {each.name for each in batch}
            self._store(job, source.key, batch, [row for row in rows if (row[source.key], row["ts"]) in names])
            dirty.done(self.catalog, (each for each in batch if each.name not in unfollowed), datetime.now(UTC))

    def _store(self, job: Job, key: str, windows: list[Window], rows: list[Row]) -> None:
        """Store the rows of windows as the job's table wants it: in place of the old ones, or as corrections."""
        (table,) = job.tables_written
        assert job.window is not None  # noqa: S101 - only such jobs come here
        if corrected := job.window.corrections:
            corrections.append(self.catalog, table, key, windows, rows, corrected=corrected, now=datetime.now(UTC))
        elif job.writes[table] == "upsert":
            described = table_files.pick(self.project, [table])[table]
            UpsertedTable(self.settings, job, table, described).replace(self.cluster, key, windows, rows)
        else:
            replace_rows(self.catalog, table, key, windows, rows)

    def _all_stored(self, keeper: str, topic: str) -> bool:
        """Whether everything that can be read from the topic now is stored within PATIENCE_S.

        What waits behind an open transaction comes later to the job with the windows too, and may then be late.
        """
        state = kafka.topic_state(self.settings.kafka_client(), topic)

        def reached() -> bool:
            rows = {
                each.src_partition: each
                for each in partitions.refresh(self.project, self.settings)
                if each.job == keeper and each.src_topic == topic and each.topic_id == state.id
            }
            return not state.leaderless and all(
                number in rows and (rows[number].caught_up or rows[number].next_offset >= span.end)
                for number, span in state.ranges.items()
            )

        self.progress(f"waiting until {keeper} has stored what {topic} holds")
        retrying = Retrying(
            retry=retry_if_result(lambda done: not done),
            stop=stop_after_delay(PATIENCE_S),
            wait=wait_fixed(1),
            retry_error_callback=lambda _last: False,
        )
        return bool(retrying(reached))


def _deleted(gone: Iterable[DeletedRows], window: Name) -> bool:
    """Whether retention has deleted readings of the window; windows of a day or less lie in one part of the time."""
    key, start = window
    return any(each.includes(key, start) for each in gone)


def _closed(windows: Iterable[Window], last: datetime | None) -> tuple[list[Window], list[Window]]:
    """Return the windows that end by `last`, and the others."""
    closed: list[Window] = []
    still_open: list[Window] = []
    for each in windows:
        (closed if last and each.window_end <= last else still_open).append(each)
    return closed, still_open
