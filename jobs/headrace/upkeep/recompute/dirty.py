"""historian.dirty_windows: the windows that a late reading fell into, and when each was last recomputed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta

import pyarrow as pa
from pyiceberg.catalog import Catalog
from pyiceberg.expressions import BooleanExpression

from headrace.environment import iceberg
from headrace.project.job import Job
from headrace.project.system_tables import DIRTY_WINDOWS
from headrace.upkeep.completeness import stored_progress
from headrace.upkeep.completeness.appended import Appended
from headrace.upkeep.completeness.stored_progress import Mark

AT_ONCE = timedelta(minutes=5_000)
"""The total length of the windows that one run of the job's SQL computes: some hundred thousand readings."""
KEPT_FOR = timedelta(days=30)
"""How long a window stays on the list once it is recomputed."""
Name = tuple[str, datetime]
"""Identifies a window within its job: its key and its start."""
_HOLE = timedelta(hours=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Window:
    """A window [window_start, window_end) of one key's readings, for which the job recorded `late_readings` as late.

    `recomputed_at` is None as long as the job's table does not count all stored readings of the window.
    """

    job: str
    key: str
    window_start: datetime
    window_end: datetime
    late_readings: int
    found_at: datetime
    recomputed_at: datetime | None = None

    @property
    def name(self) -> Name:
        """The key and the start of the window."""
        return self.key, self.window_start


def start(ts: datetime, length: timedelta) -> datetime:
    """Return the start of the window of this length that `ts` falls in: whole multiples since 1970, as in Flink."""
    return ts - (ts - _EPOCH) % length


def counted(rows: Appended, key: str, length: timedelta, only: BooleanExpression) -> Counter[Name]:
    """Return the number of rows that `only` selects, by their column `key` and window's start. Raises PlatformError."""
    columns = (key, "ts")
    counts = _counts(rows.batches(columns, only), key, length)
    counts.subtract(_counts(rows.moved(columns, only), key, length))
    return +counts


def _counts(batches: Iterable[pa.RecordBatch], key: str, length: timedelta) -> Counter[Name]:
    us = length // timedelta(microseconds=1)
    counts: Counter[Name] = Counter()
    for batch in batches:
        starts = pa.array(batch["ts"].cast(pa.int64()).to_numpy() // us * us).cast(pa.timestamp("us", "UTC"))
        windows = (
            pa.table({"key": batch[key], "start": starts}).group_by(["key", "start"]).aggregate([([], "count_all")])
        )
        for window in windows.to_pylist():
            counts[window["key"], window["start"]] += window["count_all"]
    return counts


def batches(windows: Iterable[Window]) -> Iterator[list[Window]]:
    """Yield the windows in order of time, in batches of up to AT_ONCE without a gap of more than _HOLE to read."""
    batch: list[Window] = []
    for each in sorted(windows, key=lambda each: each.window_start):
        length = each.window_end - each.window_start
        if batch and (each.window_start - batch[-1].window_end > _HOLE or length * len(batch) >= AT_ONCE):
            yield batch
            batch = []
        batch.append(each)
    if batch:
        yield batch


def pending(catalog: Catalog, job: Job) -> list[Window]:
    """Return the job's windows on the list that are still to be recomputed. Raises PlatformError."""
    rows = (Window(**row) for row in stored_progress.rows(iceberg.load_table(catalog, DIRTY_WINDOWS)))
    return [each for each in rows if each.job == job.name and each.recomputed_at is None]


def find(catalog: Catalog, jobs: Iterable[Job], now: datetime) -> None:
    """Add the windows of readings that jobs recorded as late since the last call to the list.

    Raises PlatformError.
    """

    def attempt() -> None:
        table = iceberg.load_table(catalog, DIRTY_WINDOWS)
        before = [Window(**row) for row in stored_progress.rows(table)]
        windows: list[Window] = []
        read: dict[str, Mark] = {}
        for job in jobs:
            of = f"{job.name}.{job.late_table}"
            late_table = iceberg.load_table(catalog, job.late_table)
            late = Appended(late_table, stored_progress.since(table, of, late_table))
            windows += _merged({each.name: each for each in before if each.job == job.name}, job, late, now)
            read[of] = Mark(late.head, late_table)
        stored_progress.replace(table, map(asdict, windows), read)

    iceberg.commit(DIRTY_WINDOWS, attempt)


def add(catalog: Catalog, job: Job, names: Iterable[Name], marks: Mapping[str, Mark], now: datetime) -> None:
    """Add windows of the job that were not found by late readings to the list, and store `marks`, how far was read.

    Raises PlatformError.
    """
    length = job.window
    assert length is not None  # noqa: S101 - callers pass jobs that have windows
    added = frozenset(names)

    def attempt() -> None:
        table = iceberg.load_table(catalog, DIRTY_WINDOWS)
        rows = [Window(**row) for row in stored_progress.rows(table)]
        known = {each.name for each in rows if each.job == job.name}
        again = (each.job == job.name and each.name in added and each.recomputed_at for each in rows)
        listed = [
            replace(row, found_at=now, recomputed_at=None) if dirty else row
            for row, dirty in zip(rows, again, strict=True)
        ]
        new = [Window(job.name, key, start, start + length, 0, now) for key, start in sorted(added - known)]
        stored_progress.replace(table, map(asdict, [*listed, *new]), marks)

    iceberg.commit(DIRTY_WINDOWS, attempt)


def done(catalog: Catalog, windows: Iterable[Window], now: datetime) -> None:
    """Mark the windows as recomputed, except those that changed on the list meanwhile.

    Raises PlatformError.
    """
    known = {(each.job, each.name): each for each in windows}

    def marked(row: Window) -> Window:
        ours = known.get((row.job, row.name))
        return row if ours is None else replace(row, recomputed_at=now if row == ours else None)

    def attempt() -> None:
        table = iceberg.load_table(catalog, DIRTY_WINDOWS)
        rows = [marked(Window(**row)) for row in stored_progress.rows(table)]
        stored_progress.replace(table, map(asdict, rows), {})

    iceberg.commit(DIRTY_WINDOWS, attempt)


def _merged(before: Mapping[Name, Window], job: Job, late: Appended, now: datetime) -> Iterator[Window]:
    length = job.window
    assert length is not None  # noqa: S101 - callers pass jobs that have windows
    counts = counted(late, "key", length, iceberg.equals("job", job.name))
    for name, window in before.items():
        # If all rows were read, not only the new ones, the count is complete.
        count = counts.pop(name, 0) + (window.late_readings if late.goes_on else 0)
        if count != window.late_readings:
            yield replace(window, late_readings=count, found_at=now, recomputed_at=None)
        elif window.recomputed_at is None or window.recomputed_at > now - KEPT_FOR:
            yield window
    for (key, first), count in counts.items():
        yield Window(job.name, key, first, first + length, count, now)
