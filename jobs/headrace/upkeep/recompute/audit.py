"""Compare the windows of a job with its expected counts, and list those to recompute as dirty windows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from pyiceberg.catalog import Catalog
from pyiceberg.expressions import LessThan
from pyiceberg.table import Table

from headrace.environment import iceberg
from headrace.environment.settings import Settings
from headrace.historian.read.files import extent
from headrace.historian.series.intervals import instant, microseconds
from headrace.project.job import Job
from headrace.project.system_tables import DIRTY_WINDOWS
from headrace.upkeep.checks.expected_counts import ExpectedCounts
from headrace.upkeep.completeness import stored_progress
from headrace.upkeep.completeness.appended import Appended
from headrace.upkeep.completeness.stored_progress import Mark
from headrace.upkeep.recompute import dirty
from headrace.upkeep.recompute.counted_windows import CountedWindows, Difference, opened
from headrace.upkeep.recompute.dirty import Name, Window


@contextmanager
def audit_input(
    settings: Settings, catalog: Catalog, job: Job, expected: ExpectedCounts, readings: str
) -> Iterator[tuple[CountedWindows, Appended]]:
    """Yield the windows of the job, and what was appended to the table of readings since the last audit.

    Raises PlatformError.
    """
    (table,) = job.tables_written
    dirty_windows = iceberg.load_table(catalog, DIRTY_WINDOWS)
    # Loaded before the windows are opened: what is appended in between is compared again next time. In the other order,
    # it would never be compared.
    stored = iceberg.load_table(catalog, readings)
    appended = Appended(stored, stored_progress.since(dirty_windows, _mark(job, readings), stored))
    with opened(settings, expected, readings, table) as windows:
        yield windows, appended


def audit(
    catalog: Catalog,
    job: Job,
    windows: CountedWindows,
    appended: Appended,
    *,
    last: datetime,
    progress: Callable[[str], None],
) -> list[Difference]:
    """List windows that end by `last` as dirty if they count too few readings; return those that count too many.

    Only windows that were not compared before, or have readings stored since, are compared with what is stored.
    Raises UserError, PlatformError.
    """
    assert job.window is not None  # noqa: S101 - a job with expected counts has windows
    (table,) = job.tables_written
    dirty_windows = iceberg.load_table(catalog, DIRTY_WINDOWS)
    of_windows, of_readings = _mark(job, table), _mark(job, windows.readings)
    written, read = iceberg.load_table(catalog, table), Mark(appended.head, appended.table)
    through = stored_progress.since(dirty_windows, of_windows, written) if appended.goes_on else None
    through = _first(written) if through is None else through
    if through is None:
        return []
    beyond: list[Difference] = []

    def record(differences: list[Difference], marks: dict[str, Mark]) -> None:
        fewer = [each.name for each in differences if each.counted < each.stored]
        beyond.extend(each for each in differences if each.counted > each.stored)
        dirty.add(catalog, job, fewer, marks, datetime.now(UTC))

    if appended.goes_on:
        progress(f"{job.name}: readings that came for windows before {instant(through):%Y-%m-%d %H:%M}Z")
        before = LessThan("ts", instant(through).isoformat())  # type: ignore[call-arg,arg-type] # pydantic hides __init__
        late = _windows(job, job.window, dirty.counted(appended, windows.expected.key, job.window, before))
        differences = [each for batch in dirty.batches(late) for each in windows.of(batch)]
        record(differences, {of_readings: read})
    for start, end in windows.spans(instant(through), last, job.window):
        progress(f"{job.name}: {start:%Y-%m-%d %H:%M}Z to {end:%Y-%m-%d %H:%M}Z, against its expected counts")
        record(windows.between(start, end), {of_windows: Mark(microseconds(end), written), of_readings: read})
    return beyond


def _mark(job: Job, table: str) -> str:
    return f"{job.name}.{table}"


def _first(table: Table) -> int | None:
    """Return the start of the first window that the job has written, in microseconds since 1970; None without any."""
    span = extent(table)
    return span and span[0]


def _windows(job: Job, length: timedelta, names: Iterable[Name]) -> list[Window]:
    return [Window(job.name, key, start, start + length, 0, start) for key, start in names]
