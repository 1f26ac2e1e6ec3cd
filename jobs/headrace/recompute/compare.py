"""The windows of a job held against its account: what of them is to be computed anew goes on the list."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pyarrow as pa
from pyiceberg.catalog import Catalog
from pyiceberg.expressions import LessThan

from headrace import catalog as catalogs
from headrace.completeness import kept
from headrace.completeness.appended import Appended
from headrace.historian.files import extent
from headrace.historian.intervals import instant, microseconds
from headrace.recompute import dirty
from headrace.recompute.account import Books, Difference
from headrace.recompute.dirty import Name, Window
from headrace.spec import Job


def compare(
    catalog: Catalog, job: Job, books: Books, last: datetime, progress: Callable[[str], None]
) -> list[Difference]:
    """Put on the list which of the windows that end by `last` count fewer readings than are stored.

    Those that were not looked at before are compared, and those that readings were stored of since. Those that count
    more than is stored are returned. Raises UserError, PlatformError.
    """
    assert job.recompute is not None  # noqa: S101 - who calls has looked
    (table,) = job.tables_written
    listed = catalogs.load_table(catalog, dirty.DIRTY_WINDOWS)
    of_windows, of_readings = f"{job.name}.{table}", f"{job.name}.{books.readings}"
    appended = Appended(catalogs.load_table(catalog, books.readings), kept.since(listed, of_readings))
    first = extent(catalogs.load_table(catalog, table))
    through = kept.since(listed, of_windows) if appended.goes_on else first and first[0]
    if through is None:
        return []
    beyond: list[Difference] = []

    def told(found: list[Difference], marks: dict[str, int | None]) -> None:
        fewer = [each.name for each in found if each.counted < each.stored]
        beyond.extend(each for each in found if each.counted > each.stored)
        dirty.add(catalog, job, fewer, marks, datetime.now(UTC))

    if appended.goes_on:
        progress(f"{job.name}: readings that came for windows before {instant(through):%Y-%m-%d %H:%M}Z")
        late = _windows(job, job.recompute, _touched(appended, books.account.key, job.recompute, instant(through)))
        told([each for batch in dirty.batches(late) for each in books.of(batch)], {of_readings: appended.head})
    for start, end in books.spans(instant(through), last, job.recompute):
        progress(f"{job.name}: {start:%Y-%m-%d %H:%M}Z to {end:%Y-%m-%d %H:%M}Z, as its account has it")
        told(books.between(start, end), {of_windows: microseconds(end), of_readings: appended.head})
    return beyond


def _windows(job: Job, length: timedelta, names: set[Name]) -> list[Window]:
    return [Window(job.name, key, start, start + length, 0, start) for key, start in names]


def _touched(appended: Appended, key: str, length: timedelta, before: datetime) -> set[Name]:
    found: set[Name] = set()
    for part in _starts(appended, key, length, before):
        found.update((row[key], row["ts"]) for row in part.to_pylist())
    return found


def _starts(appended: Appended, key: str, length: timedelta, before: datetime) -> Iterator[pa.Table]:
    only = LessThan("ts", before.isoformat())  # type: ignore[call-arg,arg-type] # pydantic hides its own __init__
    us = length // timedelta(microseconds=1)
    for batch in appended.batches((key, "ts"), only):
        ts = batch["ts"].cast(pa.int64()).to_numpy() // us * us
        rows = pa.table({key: batch[key], "ts": pa.array(ts).cast(pa.timestamp("us", "UTC"))})
        yield rows.group_by([key, "ts"]).aggregate([])
