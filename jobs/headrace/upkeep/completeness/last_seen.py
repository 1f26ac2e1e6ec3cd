"""historian.last_seen: when each tag last sent a reading, and how often it usually does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc
from pyiceberg.catalog import Catalog

from headrace.environment import iceberg
from headrace.environment.settings import Settings
from headrace.historian.series.status import UNCERTAIN
from headrace.historian.tags import tags
from headrace.project.system_tables import LAST_SEEN, READINGS
from headrace.upkeep.completeness import stored_progress
from headrace.upkeep.completeness.appended import Appended
from headrace.upkeep.completeness.stored_progress import Mark

SILENT_AFTER = 10
"""A tag is silent after this many of its usual intervals."""
_LEAST = timedelta(minutes=1)
_READ = ("tag", "ts", "quality")


@dataclass(frozen=True)
class Seen:
    """A tag's readings, of whatever quality: how many, and the times of the first, the last, and the last good one."""

    tag: str
    readings: int
    first_ts: datetime | None
    last_ts: datetime | None
    last_good_ts: datetime | None

    @property
    def usual(self) -> timedelta | None:
        """The mean time from one reading to the next; None for fewer than two."""
        if self.first_ts is None or self.last_ts is None or self.readings < 2:
            return None
        return (self.last_ts - self.first_ts) / (self.readings - 1)

    def silent(self, through: datetime) -> bool:
        """Whether the tag should have sent another reading by `through`, the time up to which all readings are stored.

        It should after SILENT_AFTER usual intervals, and after a minute at least. A tag that is listed and never sent a
        reading is silent; one that sent a single reading is not, because its usual interval is unknown.
        """
        if self.last_ts is None:
            return True
        return self.usual is not None and through - self.last_ts > max(SILENT_AFTER * self.usual, _LEAST)


def refresh(settings: Settings) -> list[Seen]:
    """Update the table and return it: the tags that ever sent a reading, or are listed. Raises PlatformError.

    Only rows that were stored since the last refresh are read.
    """
    catalog = iceberg.connect(settings)
    listed = [row["tag"] for row in tags.matching(settings)]

    def attempt() -> list[Seen]:
        table = iceberg.load_table(catalog, LAST_SEEN)
        readings = iceberg.load_table(catalog, READINGS)
        appended = Appended(readings, stored_progress.since(table, READINGS, readings))
        # If the last snapshot that was read is gone, or is another table's, all readings are counted again.
        before = stored_progress.rows(table) if appended.goes_on else []
        rows = [*_seen(before, appended, listed)]
        stored_progress.replace(table, map(asdict, rows), {READINGS: Mark(appended.head, readings)})
        return rows

    return iceberg.commit(LAST_SEEN, attempt)


def last(catalog: Catalog) -> list[Seen]:
    """Return the rows of the table, as of its last refresh. Raises PlatformError."""
    return [Seen(**row) for row in stored_progress.rows(iceberg.load_table(catalog, LAST_SEEN))]


def _seen(before: list[dict[str, object]], appended: Appended, listed: Iterable[str]) -> Iterator[Seen]:
    never = [{"tag": tag, "readings": 0} for tag in listed]
    totals = pa.Table.from_pylist([*before, *never], _SCHEMA)
    new, moved = _counted(appended.batches(_READ)), _counted(appended.moved(_READ))
    numbers = dict(zip(moved["tag"].to_pylist(), moved["readings"].to_pylist(), strict=True))
    # Rows that have been deleted meanwhile are among those moved.
    rows = [{**row, "readings": max(0, row["readings"] - numbers.get(row["tag"], 0))} for row in new.to_pylist()]
    totals = _summed(pa.concat_tables([totals, pa.Table.from_pylist(rows, _SCHEMA)]))
    yield from (Seen(**row) for row in totals.sort_by("tag").to_pylist())


def _counted(batches: Iterable[pa.RecordBatch]) -> pa.Table:
    totals = _SCHEMA.empty_table()
    for batch in batches:
        totals = _summed(pa.concat_tables([totals, _each(batch)]))
    return totals


def _each(batch: pa.RecordBatch) -> pa.Table:
    rows = pa.Table.from_batches([batch])
    good = pc.less(rows["quality"], int(UNCERTAIN))
    columns = {
        "tag": rows["tag"],
        "readings": pa.repeat(pa.scalar(1, pa.int64()), len(rows)),
        "first_ts": rows["ts"],
        "last_ts": rows["ts"],
        "last_good_ts": pc.if_else(good, rows["ts"], None),
    }
    return _summed(pa.table(columns).cast(_SCHEMA))


def _summed(rows: pa.Table) -> pa.Table:
    how = {"readings": "sum", "first_ts": "min", "last_ts": "max", "last_good_ts": "max"}
    totals = rows.group_by("tag").aggregate(list(how.items()))
    return totals.select(["tag", *(f"{name}_{by}" for name, by in how.items())]).rename_columns(_SCHEMA.names)


_TS = pa.timestamp("us", "UTC")
_SCHEMA = pa.schema(
    {"tag": pa.string(), "readings": pa.int64(), "first_ts": _TS, "last_ts": _TS, "last_good_ts": _TS}.items()
)
