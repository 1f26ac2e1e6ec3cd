"""The windows of a job held against its account: what of them is to be computed anew goes on the list."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from pyiceberg.catalog import Catalog
from pyiceberg.expressions import LessThan

from headrace.environment import iceberg
from headrace.environment.settings import Settings
from headrace.historian.read.files import extent
from headrace.historian.series.intervals import instant, microseconds
from headrace.project.job import Job
from headrace.project.system_tables import DIRTY_WINDOWS
from headrace.upkeep.checks.expected_counts import ExpectedCounts
from headrace.upkeep.completeness import stored_progress
from headrace.upkeep.completeness.appended import Appended
from headrace.upkeep.recompute import dirty
from headrace.upkeep.recompute.account import Books, Difference, opened
from headrace.upkeep.recompute.dirty import Name, Window


@contextmanager
def looking(
    settings: Settings, catalog: Catalog, job: Job, account: ExpectedCounts, readings: str
) -> Iterator[tuple[Books, Appended]]:
    """The books of the job, and what came to the table of readings since its windows were last compared.

    Raises PlatformError.
    """
    (table,) = job.tables_written
    listed = iceberg.load_table(catalog, DIRTY_WINDOWS)
    # Before the books: what comes between the two is seen again next time. The other way round it never would be.
    appended = Appended(iceberg.load_table(catalog, readings), stored_progress.since(listed, _mark(job, readings)))
    with opened(settings, account, readings, table) as books:
        yield books, appended


def audit(
    catalog: Catalog, job: Job, books: Books, appended: Appended, *, last: datetime, progress: Callable[[str], None]
) -> list[Difference]:
    """Put on the list which of the windows that end by `last` count fewer readings than are stored.

    Those that were not looked at before are compared, and those that readings were stored of since. Those that count
    more than is stored are returned. Raises UserError, PlatformError.
    """
    assert job.window is not None  # noqa: S101 - who calls has looked
    (table,) = job.tables_written
    listed = iceberg.load_table(catalog, DIRTY_WINDOWS)
    of_windows, of_readings = _mark(job, table), _mark(job, books.readings)
    through = stored_progress.since(listed, of_windows) if appended.goes_on else _first(catalog, table)
    if through is None:
        return []
    beyond: list[Difference] = []

    def told(found: list[Difference], marks: dict[str, int | None]) -> None:
        fewer = [each.name for each in found if each.counted < each.stored]
        beyond.extend(each for each in found if each.counted > each.stored)
        dirty.add(catalog, job, fewer, marks, datetime.now(UTC))

    if appended.goes_on:
        progress(f"{job.name}: readings that came for windows before {instant(through):%Y-%m-%d %H:%M}Z")
        before = LessThan("ts", instant(through).isoformat())  # type: ignore[call-arg,arg-type] # pydantic hides __init__
        late = _windows(job, job.window, dirty.counted(appended, books.account.key, job.window, before))
        told([each for batch in dirty.batches(late) for each in books.of(batch)], {of_readings: appended.head})
    for start, end in books.spans(instant(through), last, job.window):
        progress(f"{job.name}: {start:%Y-%m-%d %H:%M}Z to {end:%Y-%m-%d %H:%M}Z, as its account has it")
        told(books.between(start, end), {of_windows: microseconds(end), of_readings: appended.head})
    return beyond


def _mark(job: Job, table: str) -> str:
    return f"{job.name}.{table}"


def _first(catalog: Catalog, table: str) -> int | None:
    """The start of the first window that the job has written."""
    found = extent(iceberg.load_table(catalog, table))
    return found and found[0]


def _windows(job: Job, length: timedelta, names: Iterable[Name]) -> list[Window]:
    return [Window(job.name, key, start, start + length, 0, start) for key, start in names]
