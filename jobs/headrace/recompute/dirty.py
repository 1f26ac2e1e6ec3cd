"""historian.dirty_windows: the windows that a late reading fell into, and when each was last computed anew."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta

import pyarrow as pa
from pyiceberg.catalog import Catalog

from headrace import catalog as catalogs
from headrace.completeness import kept
from headrace.completeness.appended import Appended
from headrace.spec import Job

DIRTY_WINDOWS = "historian.dirty_windows"
KEPT_FOR = timedelta(days=30)
"""How long a window stays on the list once it is computed anew."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Window:
    """A window [window_start, window_end) of one key's readings, of which `late_readings` came late for the job.

    `recomputed_at` is None where not all of them are in the job's table yet.
    """

    job: str
    key: str
    window_start: datetime
    window_end: datetime
    late_readings: int
    found_at: datetime
    recomputed_at: datetime | None = None

    @property
    def name(self) -> tuple[str, datetime]:
        """What tells it from the job's others."""
        return self.key, self.window_start


def start(ts: datetime, length: timedelta) -> datetime:
    """Where the window of this length begins that `ts` falls in: at whole multiples since 1970, as in Flink."""
    return ts - (ts - _EPOCH) % length


def find(catalog: Catalog, jobs: Iterable[Job], now: datetime) -> list[Window]:
    """Put the windows of late readings that came since the last time on the list, and return it.

    Raises PlatformError.
    """

    def attempt() -> list[Window]:
        table = catalogs.load_table(catalog, DIRTY_WINDOWS)
        before = [Window(**row) for row in kept.rows(table)]
        found: list[Window] = []
        read: dict[str, int | None] = {}
        for job in jobs:
            of = f"{job.name}.{job.late}"
            late = Appended(catalogs.load_table(catalog, job.late), kept.since(table, of))
            found += _merged({each.name: each for each in before if each.job == job.name}, job, late, now)
            read[of] = late.head
        kept.replace(table, map(asdict, found), read)
        return found

    return catalogs.commit(DIRTY_WINDOWS, attempt)


def done(catalog: Catalog, windows: Iterable[Window], now: datetime) -> None:
    """Tell of windows that they are computed anew, and of those that changed on the list meanwhile that they are not.

    Raises PlatformError.
    """
    known = {(each.job, each.name): each for each in windows}

    def told(row: Window) -> Window:
        ours = known.get((row.job, row.name))
        return row if ours is None else replace(row, recomputed_at=now if row == ours else None)

    def attempt() -> None:
        table = catalogs.load_table(catalog, DIRTY_WINDOWS)
        rows = [told(Window(**row)) for row in kept.rows(table)]
        kept.replace(table, map(asdict, rows), {})

    catalogs.commit(DIRTY_WINDOWS, attempt)


def _merged(before: Mapping[tuple[str, datetime], Window], job: Job, late: Appended, now: datetime) -> Iterator[Window]:
    counts = _counted(job, late)
    for name, window in before.items():
        # Where not only the new ones were read, all were: the count then is the whole.
        count = counts.pop(name, 0) + (window.late_readings if late.goes_on else 0)
        if count != window.late_readings:
            yield replace(window, late_readings=count, found_at=now, recomputed_at=None)
        elif window.recomputed_at is None or window.recomputed_at > now - KEPT_FOR:
            yield window
    for (key, first), count in counts.items():
        assert job.recompute is not None  # noqa: S101 - who calls has looked
        yield Window(job.name, key, first, first + job.recompute, count, now)


def _counted(job: Job, late: Appended) -> Counter[tuple[str, datetime]]:
    assert job.recompute is not None  # noqa: S101 - who calls has looked
    found: Counter[tuple[str, datetime]] = Counter()
    for batch in late.batches(("key", "ts"), catalogs.equals("job", job.name)):
        rows = pa.Table.from_batches([batch])
        pairs = zip(rows["key"].to_pylist(), rows["ts"].to_pylist(), strict=True)
        found.update((key, start(ts, job.recompute)) for key, ts in pairs)
    return found
